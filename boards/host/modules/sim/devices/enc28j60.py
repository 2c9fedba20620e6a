"""ENC28J60 Ethernet controller on an SPI bus, with a netdev as its cable.

Source: Microchip DS39662E (registers: chapter 3; SPI: 4; buffer: 6, 7; filters: 8; interrupts: 12)
and the errata DS80349C for revision B7, of which 2, 5, 6, 12, 13, 14 and 19 are here: what a driver
does against them or the data sheet is noted in `violations`. The DMA, pattern match, magic packets and built-in tests are not there.
"""

from .. import clock

_BUFFER = 0x2000
_BYTE_US = 0.8  # 10 Mbit/s
_MII_US = 11
_RESET_US = 1000
_START_US = 300  # after power-up and power save
_FRAME_MAX = 1514

# Bank 0
_ERDPT, _EWRPT, _ETXST, _ETXND, _ERXST, _ERXND, _ERXRDPT, _ERXWRPT = range(0, 16, 2)
# All banks
_EIE, _EIR, _ESTAT, _ECON2, _ECON1 = range(0x1B, 0x20)
#: Bits of MAC and MII registers: (bank, address); those may not be set by bit instructions.
_MAC_BANK3 = (0, 1, 2, 3, 4, 5, 0x0A)


class ENC28J60:
    """The chip. cable: a netdev, one end of sim.ethernet.pipe(). interrupt: Driver of pin INT.

    Faults: `tx_faults`: list of "late", "collisions", "underrun", "deferred", for the next frames;
    `headers`: list of 6 bytes that stand in front of the next frames instead of the true ones, or
    None; `rx_status`: list of bytes 2 and 3 of the next receive status vectors; `gone` True.
    """

    properties = ("gone",)

    def __init__(self, cable, interrupt=None, revision=6):
        self.cable = cable
        self.interrupt = interrupt
        self.outputs = (interrupt,)
        self.revision = revision
        self.gone = False
        self.tx_faults = []
        self.headers = []
        self.rx_status = []
        #: What a driver did that the errata or the data sheet forbid.
        self.violations = []
        self.dropped = 0
        self.power_on()

    def __repr__(self):
        return f"<ENC28J60 {self.packets} packets>"

    def power_on(self):
        """The state after power-up."""
        self.buffer = bytearray(_BUFFER)
        self.phy = {0: 0, 1: 0x1800, 2: 0x0083, 3: 0x1400, 0x10: 0, 0x12: 0, 0x13: 0, 0x14: 0x3422}
        self._deaf_until = 0
        self._awake_at = clock.now() + _START_US
        self._locked_up = False
        self._up = False
        self._reset()

    power_off = power_on  # it neither sends nor listens

    def _reset(self):
        self._r = [bytearray(32) for _ in range(4)]
        for register in _ERDPT, _ERXST, _ERXRDPT:
            self._set(register, 0x05FA)
        self._set(_ERXND, 0x1FFF)
        self._r[3][0x12] = self.revision
        self._r[1][0x18] = 0xA1  # ERXFCON: unicast, broadcast, good CRC
        self._r[2][0x08], self._r[2][0x09] = 0x0F, 0x37  # MACLCON1, MACLCON2
        self._r[2][0x0A], self._r[2][0x0B] = 0x00, 0x06
        self._common = {_EIE: 0, _EIR: 0, _ESTAT: 0, _ECON2: 0x80, _ECON1: 0}
        self.packets = 0
        self._write = 0x05FA  # where the next packet goes; ERXWRPT follows when one is complete
        self._read_limit = 0x05FA  # ERXRDPT as it counts: taken over with its high half
        self._mii_until = 0
        self._sending = None
        self._opcode = None
        self._index = 0
        self._value = 0
        self._running = False
        self._pin()

    # -- The bus

    def select(self):
        self._opcode = None
        self._index = 0

    def deselect(self):
        self._opcode = None

    def exchange(self, byte):
        if self.gone:
            return 0xFF
        if self._opcode is None:
            self._opcode = byte >> 5
            self._register = byte & 0x1F
            if clock.now() < self._deaf_until:
                self.violations.append("accessed in its reset (erratum 2)")
                self._opcode = 8
            elif byte == 0xFF:
                if self._is_awake():
                    self._deaf_until = clock.now() + _RESET_US
                    self._reset()
                else:
                    self.violations.append("reset in power save (erratum 19)")
                self._opcode = 8
            self._index = 0
            return 0x00
        reply = 0x00
        if self._opcode == 0:
            slow = self._is_slow(self._register)
            if not slow or self._index:
                reply = self._read(self._register)
        elif self._opcode == 1:
            reply = self._read_buffer()
        elif self._opcode == 3:
            self._write_buffer(byte)
        elif self._opcode in (2, 4, 5) and self._index == 0:
            self._change(byte)
        self._index += 1
        return reply

    def _bank(self):
        return self._common[_ECON1] & 3

    def _is_slow(self, register):
        bank = self._bank()
        if register >= _EIE:
            return False
        return bank == 2 or (bank == 3 and register in _MAC_BANK3)

    def _is_awake(self):
        return not self._common[_ECON2] & 0x20 and clock.now() >= self._awake_at

    def _is_asleep_for(self, register):
        """Registers of MAC, MII and PHY are not there in power save."""
        if not self._is_slow(register) or self._is_awake():
            return False
        self.violations.append("MAC, MII or PHY accessed in power save")
        return True

    # -- Registers

    def _get(self, register):
        return self._r[0][register] | self._r[0][register + 1] << 8

    def _set(self, register, value):
        self._r[0][register] = value & 0xFF
        self._r[0][register + 1] = value >> 8

    def _read(self, register):
        if register in self._common:
            value = self._common[register]
            if register == _ESTAT:
                return value | self._is_awake()  # CLKRDY
            # Erratum 6: the packet flag does not tell, though the pin does.
            return value & ~0x40 if register == _EIR else value
        bank = self._bank()
        if self._is_asleep_for(register):
            return 0
        if bank == 1 and register == 0x19:
            return self.packets
        if bank == 3 and register == 0x0A:
            return int(clock.now() < self._mii_until)
        return self._r[bank][register]

    def _change(self, byte):
        register, opcode = self._register, self._opcode
        if register in self._common:
            old = self._common[register]
            if opcode == 4:
                byte = old | byte
            elif opcode == 5:
                byte = old & ~byte & 0xFF
            self._change_common(register, old, byte)
            return
        if opcode != 2:
            if self._is_slow(register):
                self.violations.append("bit instruction on a MAC or MII register")
                return
            old = self._r[self._bank()][register]
            byte = old | byte if opcode == 4 else old & ~byte & 0xFF
        bank = self._bank()
        if (bank, register) in ((0, _ERXWRPT), (0, _ERXWRPT + 1), (1, 0x19)):
            return
        if self._is_asleep_for(register):
            return
        self._r[bank][register] = byte
        if bank == 0:
            self._changed_pointer(register)
        elif bank == 2:
            self._changed_mii(register, byte)

    def _changed_pointer(self, register):
        if register == _ERXRDPT + 1:
            self._read_limit = self._get(_ERXRDPT)
            if not self._read_limit & 1 and self._running:
                self.violations.append("ERXRDPT is even (erratum 14)")
        elif _ERXST <= register <= _ERXND + 1:
            self._write = self._get(_ERXST)
            if self._write and register != _ERXST:
                self.violations.append("ERXST is not 0 (erratum 5)")
            if self._running:
                self.violations.append("ERXST or ERXND written while it receives")
        elif _ETXST <= register <= _ETXND + 1 and self._common[_ECON1] & 0x08:
            self.violations.append("ETXST or ETXND written while it sends")

    def _changed_mii(self, register, byte):
        if register == 0x02:
            self._check_duplex("MACON3")
        elif register in (0x12, 0x17) and clock.now() < self._mii_until:
            self.violations.append("MII used while it is busy")
        if register == 0x12 and byte & 1:
            number = self._r[2][0x14]
            value = self._phy_read(number)
            self._r[2][0x18], self._r[2][0x19] = value & 0xFF, value >> 8
            self._mii_until = clock.now() + _MII_US
        elif register == 0x17:
            number = self._r[2][0x14]
            if number not in (1, 2, 3, 0x11, 0x13):
                self.phy[number] = self._r[2][0x16] | byte << 8
                if number == 0:
                    self._check_duplex("PHCON1")
            self._mii_until = clock.now() + _MII_US

    def _check_duplex(self, written=None):
        if self._running and written:
            self.violations.append(f"{written} written while it receives")
        elif self._running and self._is_full() != bool(self._r[2][0x02] & 1):
            self.violations.append("MAC and PHY do not agree on the duplex mode")

    def _is_full(self):
        return bool(self.phy[0] & 0x0100)

    def _phy_read(self, number):
        if number == 0x11:  # LSTAT, DPXSTAT
            return (0x0400 if self.cable.link() else 0) | (0x0200 if self._is_full() else 0)
        if number == 0x13:
            value, self.phy[0x13] = self.phy[0x13], 0
            self._common[_EIR] &= ~0x10
            self._pin()
            return value
        return self.phy.get(number, 0)

    def _change_common(self, register, old, byte):
        if register == _ESTAT:
            byte = old & ~0x52 | byte & 0x52
        elif register == _ECON2:
            if old & 0x20 and not byte & 0x20:
                self._awake_at = clock.now() + _START_US
            if byte & 0x40:
                byte &= ~0x40
                if self.packets:
                    self.packets -= 1
        elif register == _EIR:
            byte = byte & ~0x50 | old & 0x10
        self._common[register] = byte
        if register == _ECON1:
            if byte & 0x80 and not old & 0x80:
                self._locked_up = False
                self._sending = None
                self._common[_ECON1] &= ~0x08
            elif old & 0x80 and not byte & 0x80:
                self._common[_EIR] |= 0x02  # erratum 12: it may raise the error flag
            if old & 0x08 and not self._common[_ECON1] & 0x08:
                self._sending = None
                self._common[_EIR] |= 0x08  # TXIF: whenever TXRTS goes off
            if byte & 0x04 and not old & 0x04:
                self._receiver(True)
            elif old & 0x04 and not byte & 0x04:
                self._receiver(False)
            if self._common[_ECON1] & 0x08 and not old & 0x08:
                self._transmit()
        self._pin()

    def _pin(self):
        self._common[_EIR] = self._common[_EIR] & ~0x40 | (0x40 if self.packets else 0)
        enabled = self._common[_EIE]
        active = enabled & 0x80 and enabled & 0x7F & self._common[_EIR]
        self._common[_ESTAT] = self._common[_ESTAT] & 0x7F | (0x80 if active else 0)
        if self.interrupt is not None:
            self.interrupt(not active)

    # -- Buffer memory

    def _read_buffer(self):
        at = self._get(_ERDPT)
        value = self.buffer[at & 0x1FFF]
        if self._common[_ECON2] & 0x80:
            last = at == self._get(_ERXND)
            self._set(_ERDPT, self._get(_ERXST) if last else at + 1 & 0x1FFF)
        return value

    def _write_buffer(self, byte):
        at = self._get(_EWRPT)
        if self._get(_ERXST) <= at <= self._get(_ERXND):
            self.violations.append("wrote into the receive buffer")
        self.buffer[at & 0x1FFF] = byte
        if self._common[_ECON2] & 0x80:
            self._set(_EWRPT, at + 1 & 0x1FFF)

    # -- Receiving

    def _receiver(self, on):
        self._running = on
        if on:
            self.cable.promiscuous(True)
            self.cable.start(self._look)
            self._up = self.cable.link()
            self._check_duplex()
        else:
            self.cable.stop()

    def _look(self, _):
        """Something has happened on the cable."""
        if not self._running:
            return
        frame = bytearray(_FRAME_MAX)
        while True:
            n = self.cable.recv_into(frame)
            if not n:
                break
            self._arrived(frame[:n])
        up = self.cable.link()
        if up != self._up and self.phy[0x12] & 0x12 == 0x12:
            self.phy[0x13] = 0x14
            self._common[_EIR] |= 0x10
        self._up = up
        self._pin()

    def _wanted(self, frame):
        bits = self._r[1][0x18]
        if not bits & 0x9F:
            return True
        to = frame[:6]
        own = bytes([self._r[3][n] for n in (4, 5, 2, 3, 0, 1)])
        if bits & 0x80 and to == own:
            return True
        if bits & 0x01 and to == b"\xff" * 6:
            return True
        if bits & 0x02 and to[0] & 1:  # broadcasts, too
            return True
        if bits & 0x04:
            place = hash_bit(to)
            return bool(self._r[1][place // 8] >> (place % 8) & 1)
        return False

    def _arrived(self, frame):
        if not self._wanted(frame):
            return
        first, last = self._get(_ERXST), self._get(_ERXND)
        total = 6 + len(frame) + 4
        total += total & 1
        # Free space: section 7.2.5.
        if self._write > self._read_limit:
            free = last - first - (self._write - self._read_limit)
        elif self._write == self._read_limit:
            free = last - first
        else:
            free = self._read_limit - self._write - 1
        if total > free or self.packets == 255:
            self.dropped += 1
            self._common[_EIR] |= 0x01
            self._common[_ESTAT] |= 0x40
            return
        following = self._write + total
        if following > last:
            following -= last - first + 1
        status = [0x80, 0]
        if frame[0] & 1:
            status[1] = 2 if bytes(frame[:6]) == b"\xff" * 6 else 1
        if self.rx_status:
            status = self.rx_status.pop(0)
        count = len(frame) + 4
        header = bytes((following & 0xFF, following >> 8, count & 0xFF, count >> 8)) + bytes(
            status
        )
        if self.headers:
            header = self.headers.pop(0) or header
        at = self._write
        for byte in header + bytes(frame) + b"\xc5\xc5\xc5\xc5":
            self.buffer[at] = byte
            at = first if at == last else at + 1
        self._write = following
        self._set(_ERXWRPT, following)
        self.packets += 1

    # -- Sending

    def _transmit(self):
        if self._locked_up:
            return  # erratum 12: TXRTS stays set
        first, last = self._get(_ETXST), self._get(_ETXND)
        frame = bytes(self.buffer[first + 1 : last + 1])
        if self._r[2][0x02] & 0x20 and len(frame) < 60:  # MACON3: padding
            frame += bytes(60 - len(frame))
        self._sending = frame
        clock.after(int((len(frame) + 24) * _BYTE_US), self._sent, frame)

    def _sent(self, frame):
        if self._sending is not frame:
            return
        fault = self.tx_faults.pop(0) if self.tx_faults else None
        status = bytearray(7)
        count = len(frame) + 4
        status[0], status[1] = count & 0xFF, count >> 8
        status[4], status[5] = count & 0xFF, count >> 8
        if frame[0] & 1:
            status[3] |= 0x02 if frame[:6] == b"\xff" * 6 else 0x01
        if fault is None:
            if not self.cable.send(frame, len(frame)):
                clock.after(100, self._sent, frame)  # the other end holds us up
                return
            if not self._is_full() and not self.phy[0x10] & 0x0100:
                self._arrived(frame)  # half-duplex loop-back: HDLDIS is off
            status[2] |= 0x80
            flags = 0x08
        else:
            bit = {"deferred": 0x08, "collisions": 0x10, "late": 0x20, "underrun": 0x80}[fault]
            status[3] |= bit
            flags = 0x02 if fault == "late" else 0x0A
            self._common[_ESTAT] |= 0x02 | (0x10 if fault == "late" else 0)
            self._locked_up = True
        self._sending = None
        at = self._get(_ETXND) + 1
        for i in range(7):
            self.buffer[at + i & 0x1FFF] = status[i]
        if flags & 0x08:  # TXRTS; erratum 13: a late collision may leave it set, without TXIF
            self._common[_ECON1] &= ~0x08
        self._common[_EIR] |= flags
        self._pin()


def hash_bit(addr):
    """Which bit of the hash table an address falls on: bits 28:23 of its CRC (DS39935C)."""
    crc = 0xFFFFFFFF
    for byte in addr:
        for i in range(8):
            top = crc >> 31
            crc = crc << 1 & 0xFFFFFFFF
            if top != byte >> i & 1:
                crc ^= 0x04C11DB7
    return crc >> 23 & 0x3F


DEVICE = ENC28J60
