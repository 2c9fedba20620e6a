"""SD memory card in SPI mode, on an SPI bus.

Source: SD Physical Layer Simplified Specification: chapter 7 (SPI mode; commands in
7.3.1.3, answers in 7.3.2, tokens in 7.3.3, timing in 7.5), 4.5 (CRCs), 5.1 (OCR), 5.2 (CID), 5.3 (CSD).
Locking by password, general commands, protected groups and the UHS modes are not there.
"""

from .. import clock

_BLOCK = 512
_READ_US = 500
_PROGRAM_US = 2_000
_ERASE_US = 5_000
_READY_TRIES = 3  # times that ACMD41 is answered with "idle"

# R1, bit numbers of figure 7-9.
_IDLE, _ERASE_RESET, _ILLEGAL, _CRC, _ERASE_SEQUENCE, _ADDRESS, _PARAMETER = (
    1 << n for n in range(7)
)

# What may come in which state: "idle" until it is initialised, then "ready".
_IN_IDLE = (0, 8, 55, 58, 59)
_IN_READY = (0, 8, 9, 10, 12, 13, 16, 17, 18, 24, 25, 32, 33, 38, 55, 58, 59)


def crc7(data):
    """CRC7 of 4.5.1, x^7 + x^3 + 1, bit by bit."""
    crc = 0
    for byte in data:
        for shift in range(7, -1, -1):
            bit = (byte >> shift ^ crc >> 6) & 1
            crc = crc << 1 & 0x7F
            if bit:
                crc ^= 0b0001001
    return crc


def crc16(data):
    """CRC16 of 4.5.2, x^16 + x^12 + x^5 + 1, by bytes."""
    crc = 0
    for byte in data:
        x = (crc >> 8 ^ byte) & 0xFF
        x ^= x >> 4
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF
    return crc


class SDCard:
    """The card. blocks: of 512 bytes. kind: "sdhc", "v2" (standard capacity), "v1".

    Contents are kept by blocks once they are written; others read as 00h.

    Faults: `gone` True: taken out; `garble_reads`, `garble_writes`, `garble_commands`: so many of
    the next ones have a bit turned over on their way; `read_errors`, `write_errors`: list of data
    error tokens, data responses, that come instead; `status`: the second byte of the next answer
    to CMD13; `stuck` True: what makes it busy does not end; `write_protect` True: in its CSD.
    """

    properties = ("gone", "stuck", "garble_reads", "garble_writes", "garble_commands", "status")

    def __init__(self, blocks=65536, kind="sdhc", write_protect=False, serial=0x12345678):
        if kind not in ("sdhc", "v2", "v1"):
            raise ValueError('kind: "sdhc", "v2" or "v1"')
        if blocks % 1024 or (kind != "sdhc" and not 1024 <= blocks <= 4096 * 512):
            raise ValueError("blocks: a multiple of 1024; at most 2 M for standard capacity")
        self.blocks = blocks
        self.kind = kind
        self.write_protect = write_protect
        self.serial = serial
        self.data = {}
        self.gone = self.stuck = False
        self.garble_reads = self.garble_writes = self.garble_commands = 0
        self.read_errors = []
        self.write_errors = []
        self.status = 0
        #: Every command, as its number, 100 + number behind CMD55.
        self.log = []
        self._alarm = None
        self.power_on()

    def __repr__(self):
        return f"<SDCard {self.kind}, {self.blocks} blocks>"

    def power_on(self):
        """The state after power-up."""
        self._state = "off"  # then "power": clocked, "idle", "ready"
        self._clocks = 0
        self._spi = False
        self._crc_on = False
        self._app = False
        self._tries = 0
        self._selected = False
        self._out = []  # bytes that go out
        self._frame = bytearray()
        self._writing = None  # (next block, whether several) while data are expected
        self._packet = None
        self._reading = None  # next block of a multiple read
        self._busy = False
        self._ready_at = None  # when data of a read begin
        self._erase = [None, None]
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None

    # -- The bus

    def select(self):
        self._selected = True

    def deselect(self):
        self._selected = False
        self._frame = bytearray()

    def idle(self):
        self._clocks += 8

    def exchange(self, byte):
        if self.gone:
            return 0xFF
        reply = self._reply()
        self._take(byte)
        return reply

    def _reply(self):
        if self._out:
            return self._out.pop(0)
        if self._busy:
            return 0x00
        if self._ready_at is not None and clock.now() >= self._ready_at:
            self._ready_at = None
            self._queue_block(self._reading[0])
            return self._out.pop(0)
        return 0xFF

    def _take(self, byte):
        if self._packet is not None:
            self._packet.append(byte)
            if len(self._packet) == _BLOCK + 2:
                self._end_packet()
            return
        if not self._frame and self._writing is not None and not self._busy:
            several = self._writing[1]
            if byte == (0xFC if several else 0xFE):
                self._packet = bytearray()
                return
            if several and byte == 0xFD:
                self._writing = None
                self._out = [0xFF]  # one byte before busy, 7.5.3
                self._occupy(_PROGRAM_US)
                return
        if self._frame or byte & 0xC0 == 0x40:
            self._frame.append(byte)
            if len(self._frame) == 6:
                frame, self._frame = self._frame, bytearray()
                self._command(frame)

    # -- Commands

    def _command(self, frame):
        index = frame[0] & 0x3F
        if self._busy and index not in (0, 13):
            return
        if self.garble_commands:
            self.garble_commands -= 1
            frame[3] ^= 0x10
        argument = int.from_bytes(frame[1:5], "big")
        app, self._app = self._app, False
        self.log.append(index + 100 if app else index)
        checked = self._crc_on or index in (0, 8)
        if checked and frame[5] != crc7(frame[:5]) << 1 | 1:
            self._app = app
            self._answer(self._r1(_CRC))
            return
        if self._state == "off":
            if index != 0 or self._clocks < 74:
                return  # not there yet: 6.4.1
            self._state = "power"
        if index == 0:
            self._reset()
            self._answer(_IDLE)
            return
        known = (13, 23, 41) if app else _IN_IDLE if self._state == "idle" else _IN_READY
        if self._state == "idle" and app:
            known = (41,)
        if index not in known or (index == 8 and self.kind == "v1"):
            self._answer(self._r1(_ILLEGAL))
            return
        if self._erase[0] is not None and index not in (13, 33, 38) and not app:
            self._erase = [None, None]
            self._answer(self._r1(_ERASE_RESET))
            return
        getattr(self, f"_acmd{index}" if app else f"_cmd{index}")(argument)

    def _r1(self, bits=0):
        return bits | (_IDLE if self._state == "idle" else 0)

    def _answer(self, *reply):
        self._out = [0xFF] + list(reply)  # one byte of NCR

    def _reset(self):
        self._state = "idle"
        self._crc_on = False
        self._writing = self._reading = self._packet = self._ready_at = None
        self._erase = [None, None]
        self._busy = False
        self._tries = 0

    def _cmd8(self, argument):
        self._answer(self._r1(), 0, 0, argument >> 8 & 0x0F, argument & 0xFF)

    def _cmd55(self, argument):
        self._app = True
        self._answer(self._r1())

    def _acmd41(self, argument):
        if self.kind == "sdhc" and not argument & 1 << 30:
            self._answer(self._r1())  # never ready for a host that does not know it
            return
        self._tries += 1
        if self._tries > _READY_TRIES:
            self._state = "ready"
        self._answer(self._r1())

    def _cmd58(self, argument):
        ready = self._state == "ready"
        high = ready << 7 | (ready and self.kind == "sdhc") << 6
        self._answer(self._r1(), high, 0xFF, 0x80, 0x00)  # 2.7 to 3.6 V

    def _cmd59(self, argument):
        self._crc_on = bool(argument & 1)
        self._answer(self._r1())

    def _cmd16(self, argument):
        self._answer(self._r1(0 if argument == _BLOCK else _PARAMETER))

    def _cmd13(self, argument):
        status, self.status = self.status, 0
        self._answer(self._r1(), status)

    def _acmd13(self, argument):
        self._answer(self._r1(), 0, *self._block_of(bytes(64)))

    def _acmd23(self, argument):
        self._answer(self._r1())

    def _cmd9(self, argument):
        self._answer(self._r1(), 0xFF, *self._block_of(self.csd()))

    def _cmd10(self, argument):
        self._answer(self._r1(), 0xFF, *self._block_of(self.cid()))

    def cid(self):
        """Card identification, 16 bytes."""
        cid = b"\x42CSSIMUL\x10" + self.serial.to_bytes(4, "big") + b"\x01\x9a"
        return cid + bytes([crc7(cid) << 1 | 1])

    def csd(self):
        """Card-specific data, 16 bytes, put together from fields."""
        if self.kind == "sdhc":
            fields = [(1, 2), (0, 6), (0x0E, 8), (0, 8), (0x32, 8), (0x5B5, 12), (9, 4), (0, 4)]
            fields += [(0, 6), (self.blocks // 1024 - 1, 22), (0, 1)]
        else:
            # blocks = (C_SIZE + 1) * 2^(C_SIZE_MULT + 2), of 2^READ_BL_LEN bytes
            mult, length, count = 7, 9, self.blocks
            while count // 512 > 4096:
                length += 1
                count //= 2
            fields = [
                (0, 2),
                (0, 6),
                (0x2D, 8),
                (0, 8),
                (0x32, 8),
                (0x5B5, 12),
                (length, 4),
                (8, 4),
            ]
            fields += [(0, 2), (count // 512 - 1, 12), (0b110110110110, 12), (mult, 3)]
        protect = int(self.write_protect)
        fields += [(1, 1), (0x7F, 7), (0, 7), (0, 1), (0, 2), (2, 3), (9, 4), (0, 1), (0, 5)]
        fields += [(0, 1), (0, 1), (0, 1), (protect, 1), (0, 2), (0, 2)]
        value = bits = 0
        for field, width in fields:
            value = value << width | field
            bits += width
        assert bits == 120, bits
        csd = value.to_bytes(15, "big")
        return csd + bytes([crc7(csd) << 1 | 1])

    # -- Reading

    def _place(self, argument):
        """The block of an address, or None after an error answer."""
        if self.kind != "sdhc":
            if argument % _BLOCK:
                self._answer(self._r1(_ADDRESS))
                return None
            argument //= _BLOCK
        if argument >= self.blocks:
            self._answer(self._r1(_PARAMETER))
            return None
        return argument

    def _cmd17(self, argument, several=False):
        block = self._place(argument)
        if block is not None:
            self._reading = (block, several)
            self._ready_at = clock.now() + _READ_US
            self._answer(self._r1())

    def _cmd18(self, argument):
        self._cmd17(argument, True)

    def _queue_block(self, block):
        several = self._reading[1]
        if self.read_errors:
            self._out = [self.read_errors.pop(0)]
            self._reading = None
            return
        if block >= self.blocks:
            self._out = [0x08]  # out of range
            self._reading = None
            return
        self._out = self._block_of(self.data.get(block, bytes(_BLOCK)))
        self._reading = (block + 1, True) if several else None
        if several:
            self._ready_at = clock.now() + _READ_US

    def _block_of(self, data):
        """Token, data and CRC."""
        crc = crc16(data)
        out = [0xFE] + list(data) + [crc >> 8, crc & 0xFF]
        if self.garble_reads and len(data) == _BLOCK:
            self.garble_reads -= 1
            out[100] ^= 0x04
        return out

    def _cmd12(self, argument):
        self._reading = self._ready_at = None
        self._writing = None
        self._out = [0x3F, 0xFF, self._r1()]  # a stuff byte first, 7.5.1
        self._occupy(_READ_US)

    # -- Writing

    def _cmd24(self, argument, several=False):
        block = self._place(argument)
        if block is not None:
            self._writing = (block, several)
            self._answer(self._r1())

    def _cmd25(self, argument):
        self._cmd24(argument, True)

    def _end_packet(self):
        packet, self._packet = self._packet, None
        block, several = self._writing
        if self.garble_writes:
            self.garble_writes -= 1
            packet[7] ^= 0x80
        if self._crc_on and crc16(packet[:_BLOCK]) != packet[_BLOCK] << 8 | packet[_BLOCK + 1]:
            response = 0xEB  # 101: CRC error
        elif self.write_errors:
            response = self.write_errors.pop(0)
        elif self.write_protect or block >= self.blocks:
            self.status = 0x20 if self.write_protect else 0x80
            response = 0xED  # 110: write error
        else:
            self.data[block] = bytes(packet[:_BLOCK])
            response = 0xE5  # 010: accepted
        self._out = [response]
        self._writing = (block + 1, True) if several else None
        if response == 0xE5:
            self._occupy(_PROGRAM_US)

    def _cmd32(self, argument):
        self._mark(0, argument)

    def _cmd33(self, argument):
        if self._erase[0] is None:
            self._answer(self._r1(_ERASE_SEQUENCE))
        else:
            self._mark(1, argument)

    def _mark(self, which, argument):
        block = self._place(argument)
        if block is not None:
            self._erase[which] = block
            self._answer(self._r1())

    def _cmd38(self, argument):
        first, last = self._erase
        self._erase = [None, None]
        if first is None or last is None or last < first:
            self._answer(self._r1(_ERASE_SEQUENCE))
            return
        if self.write_protect:
            self.status = 0x20
        else:
            for block in [b for b in self.data if first <= b <= last]:
                del self.data[block]
        self._answer(self._r1())
        self._occupy(_ERASE_US)

    # -- Time

    def _occupy(self, time_us):
        self._busy = True
        if not self.stuck:
            self._alarm = clock.after(time_us, self._free)

    def _free(self, _):
        self._busy = False


DEVICE = SDCard
OPTIONS = {"blocks": "int", "kind": "text"}
