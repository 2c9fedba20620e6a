"""W25Q128JV flash chip on an SPI bus, and its larger and smaller relatives.

Source: Winbond's data sheets W25Q128JV (instruction set table, status registers, AC characteristics) and
W25Q256JV (four address bytes). Dual and quad modes, security registers, the
individual block locks and the writes of single status registers are not there.
"""

from .. import clock

_MAX_3_BYTES = 1 << 24
_SECTOR = 4096
_PAGE = 256
_ERASE_SIZES = {0x20: 4096, 0x52: 32768, 0xD8: 65536}
_ERASE_US = {0x20: 45_000, 0x52: 120_000, 0xD8: 150_000}
_CHIP_ERASE_US = 40_000_000
_PROGRAM_US = 700
_STATUS_US = 10_000
_SUSPEND_US = 20
_WAKE_US = 3

# What each DWORD of the basic flash parameter table says, as the data sheet prints it for 128 Mbit.
_SFDP_HEADER = bytes.fromhex("53464450 050100ff 00050110 800000ff".replace(" ", ""))
_SFDP_TABLE_AT = 0x80
_SFDP_TABLE = bytes.fromhex(
    "e520f9ff ffffff07 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52 "
    "10d80000 3602a600 82ea14c9 e9637633 7a757a75 f7a2d55c 19f74dff e930f880".replace(" ", "")
)


def sfdp(size):
    """The SFDP area of a chip of that size, bytes."""
    table = bytearray(_SFDP_TABLE)
    table[4:8] = (size * 8 - 1).to_bytes(4, "little")
    if size > _MAX_3_BYTES:
        table[2] |= 0x02  # DWORD 1, bits 18:17 = 01: three or four address bytes
        table[63] = 0xA1  # DWORD 16, bits 31:24: enter by B7h, and opcodes of their own
    area = bytearray(b"\xff" * _SFDP_TABLE_AT)
    area[: len(_SFDP_HEADER)] = _SFDP_HEADER
    return area + table


class W25Q:
    """The chip. size: bytes, a power of two. identity: 3 bytes; None: EF 40 and the size's.

    tables: False: no SFDP, as chips before 2011. Contents are kept by sectors once they are written.

    Faults: `stuck` True: what begins does not end; `gone` True: nobody on the bus; `weak`: so many
    of the next programs and erases change nothing; `write_protect` True: pin /WP is low; `table`:
    the SFDP area, to be damaged.
    """

    properties = ("stuck", "gone", "weak", "write_protect")

    def __init__(self, size=1 << 24, identity=None, tables=True):
        self.size = size
        self.identity = identity or bytes((0xEF, 0x40, len(bin(size)) - 3))
        self.unique_id = b"COILSIM1"
        self.table = sfdp(size) if tables else b""
        self.sectors = {}
        self.stuck = self.gone = self.write_protect = False
        self.weak = 0
        #: Commands that were ignored, and why: busy, asleep, no write enable, protected, suspended.
        self.ignored = []
        self._nonvolatile = bytearray(3)
        self._alarm = None
        self.power_on()

    def __repr__(self):
        return f"<W25Q {self.size // 1024} KB{', busy' if self.busy else ''}>"

    def power_off(self):
        """What it was programming or erasing is half done."""
        under_way = self._work if self.busy else self._suspended
        if under_way is not None and under_way[0] is not None:
            under_way[0](2)
        self.power_on()

    def power_on(self):
        """The state after power-up."""
        self.busy = False
        self._status = bytearray(self._nonvolatile)
        self._enabled = self._volatile = False
        self._asleep = False
        self._four = False
        self._resumed_us = -_SUSPEND_US
        self._suspended = None  # (what, end of it, first, size)
        self._work = None
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._received = bytearray()
        self._index = 0
        self._selected = False

    def peek(self, addr, n):
        """The contents there."""
        return bytes([self._byte(addr + i) for i in range(n)])

    def protected(self):
        """(first, end) of what the status registers protect."""
        one, two = self._status[0], self._status[1]
        if self.size > _MAX_3_BYTES:
            level, top = one >> 2 & 15, not one & 0x40
            length = 0 if level == 0 else min(0x10000 << (level - 1), self.size)
        else:
            level, top = one >> 2 & 7, not one & 0x20
            if level == 0:
                length = 0
            elif level == 7:
                length = self.size
            elif one & 0x40:
                length = (4096, 8192, 16384, 32768, 32768, 32768)[level - 1]
            else:
                # From 1/64 to 1/2 of the chip; no less than a block of 64 KB.
                length = min(
                    max(self.size // 64, 0x10000) * (1, 2, 4, 8, 16, 32)[level - 1], self.size
                )
        first, end = (self.size - length, self.size) if top else (0, length)
        if two & 0x40:  # CMP: the complement
            first, end = (0, first) if top else (end, self.size)
        return first, end

    # -- The bus

    def select(self):
        self._selected = True
        self._received = bytearray()
        self._index = 0

    def exchange(self, byte):
        if self.gone:
            return 0xFF
        reply = self._reply()
        self._received.append(byte)
        return reply

    def deselect(self):
        self._selected = False
        if not self.gone and self._received:
            self._execute(self._received)

    def _reply(self):
        got = self._received
        if not got or not self._accepts(got[0]):
            return 0xFF
        opcode, n = got[0], len(got)
        if opcode == 0x9F:
            return self.identity[(n - 1) % 3]
        if opcode in (0x05, 0x35, 0x15):
            return self._read_status(opcode)
        if opcode == 0xAB:
            return 0xFF if n < 4 else self.identity[2] - 1
        if opcode == 0x4B:
            skip = 6 if self._four else 5
            return 0xFF if n < skip else self.unique_id[(n - skip) % 8]
        if opcode == 0x5A:
            at = int.from_bytes(got[1:4], "big") + n - 5
            return 0xFF if n < 5 or at >= len(self.table) else self.table[at]
        width = self._width(opcode)
        skip = {0x03: 1, 0x13: 1, 0x0B: 2, 0x0C: 2}.get(opcode, 0) + width
        if skip > width and n >= skip:
            return self._byte(int.from_bytes(got[1 : 1 + width], "big") + n - skip)
        return 0xFF

    def _read_status(self, opcode):
        if opcode == 0x05:
            return self._status[0] | self._enabled << 1 | self.busy
        if opcode == 0x35:
            return self._status[1] | (0x80 if self._suspended else 0)
        return self._status[2] | self._four

    def _width(self, opcode):
        """Address bytes of a command."""
        return 4 if self._four or opcode in (0x13, 0x0C, 0x12, 0x21, 0xDC) else 3

    def _accepts(self, opcode):
        if self._asleep:
            return opcode == 0xAB
        if self.busy:
            return opcode in (0x05, 0x35, 0x15, 0x75)
        return True

    def _byte(self, addr):
        addr %= self.size
        waiting = self._suspended
        if waiting and waiting[2] <= addr < waiting[2] + waiting[3]:
            return 0x5A  # undefined while its erase is suspended
        sector = self.sectors.get(addr // _SECTOR)
        return 0xFF if sector is None else sector[addr % _SECTOR]

    # -- Commands, when the chip select rises

    def _execute(self, got):
        opcode = got[0]
        if not self._accepts(opcode):
            self.ignored.append("asleep" if self._asleep else "busy")
            return
        if opcode == 0x06:
            self._enabled = True
        elif opcode == 0x04:
            self._enabled = False
        elif opcode == 0x50:
            self._volatile = True
        elif opcode == 0xB9:
            self._asleep = True
        elif opcode == 0xAB:
            if self._asleep:
                self._asleep = False
                self._begin(_WAKE_US, None)
        elif opcode in (0xB7, 0xE9):
            if self.size > _MAX_3_BYTES:
                self._four = opcode == 0xB7
        elif opcode == 0x75:
            self._suspend()
        elif opcode == 0x7A:
            if self._suspended:
                work, left, first, size = self._suspended
                self._suspended = None
                self._resumed_us = clock.now()
                self._begin(left, work, first, size)
        elif opcode == 0x01:
            self._write_status(got)
        elif opcode in (0x02, 0x12):
            self._program(got, self._width(opcode))
        elif opcode in (0x20, 0x52, 0xD8, 0x21, 0xDC, 0xC7, 0x60):
            self._erase(opcode, got)

    def _may(self, first, size):
        """Whether a change is allowed; a refused one clears the latch, too."""
        if self._suspended:
            self.ignored.append("suspended")
            return False
        if not self._enabled:
            self.ignored.append("no write enable")
            return False
        start, end = self.protected()
        if first < end and start < first + size:
            self._enabled = False
            self.ignored.append("protected")
            return False
        return True

    def _program(self, got, width):
        data = got[1 + width :]
        addr = int.from_bytes(got[1 : 1 + width], "big") % self.size
        if not data or not self._may(addr, 1):
            return
        page = addr - addr % _PAGE
        start = max(len(data) - _PAGE, 0)  # the last 256 bytes count

        def change(part=1):
            sector = self.sectors.setdefault(page // _SECTOR, bytearray(b"\xff" * _SECTOR))
            for i in range(start, start + (len(data) - start) // part):
                sector[page % _SECTOR + (addr + i) % _PAGE] &= data[i]

        self._begin(_PROGRAM_US, change, page, _PAGE)

    def _erase(self, opcode, got):
        opcode = {0x21: 0x20, 0xDC: 0xD8}.get(opcode, opcode)
        if opcode in (0xC7, 0x60):
            first, size, time_us = 0, self.size, _CHIP_ERASE_US
        else:
            width = self._width(got[0])
            if len(got) != 1 + width:
                return
            size, time_us = _ERASE_SIZES[opcode], _ERASE_US[opcode]
            addr = int.from_bytes(got[1:], "big") % self.size
            first = addr - addr % size
        if self._may(first, size):

            def change(part=1):
                end = first + size // part
                for sector in range(first // _SECTOR, end // _SECTOR):
                    self.sectors.pop(sector, None)
                if end % _SECTOR and end // _SECTOR in self.sectors:
                    self.sectors[end // _SECTOR][: end % _SECTOR] = b"\xff" * (end % _SECTOR)

            self._begin(time_us, change, first, size)

    def _write_status(self, got):
        if not self._enabled and not self._volatile:
            self.ignored.append("no write enable")
            return
        locked = self._status[0] & 0x80 and self.write_protect or self._status[1] & 0x01
        if locked:
            self._enabled = self._volatile = False
            self.ignored.append("protected")
            return
        new = got[1:3]
        if self._volatile:
            self._volatile = False
            self._status[: len(new)] = new
            self._status[0] &= 0xFC
            return

        def change(part=1):
            for registers in (self._status, self._nonvolatile) if part == 1 else ():
                registers[: len(new)] = new
                registers[0] &= 0xFC
                registers[1] &= 0x7F

        self._begin(_STATUS_US, change)

    # -- Time

    def _begin(self, time_us, work, first=0, size=0):
        if work is not None and self.weak:
            self.weak -= 1
            work = _nothing
        self.busy = True
        self._work = (work, first, size)
        if not self.stuck:
            self._alarm = clock.after(time_us, self._finish)

    def _finish(self, _):
        self._alarm = None
        work = self._work[0]
        if work is not None:
            work()
            self._enabled = False
        self.busy = False

    def _suspend(self):
        if not self.busy or self._alarm is None or self._work[2] < _SECTOR or self._suspended:
            self.ignored.append("nothing to suspend")
            return
        if clock.now() - self._resumed_us < _SUSPEND_US:
            self.ignored.append("suspended too soon after it was resumed")
            return
        left = max(self._alarm.when_us - clock.now(), 1)
        self._alarm.cancel()
        work, first, size = self._work

        def settled(_):
            self.busy = False
            self._suspended = (work, left, first, size)
            self._enabled = False

        self._alarm = clock.after(_SUSPEND_US, settled)


def _nothing(part=1):
    pass


DEVICE = W25Q
OPTIONS = {"size": "int"}
