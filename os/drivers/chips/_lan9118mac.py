"""The LAN9118's MAC and PHY, which lie behind command registers: addresses, filters, the link.

Numbers: LAN9118 datasheet, 5.4 "MAC control and status registers" and 5.5 "PHY registers". Each access
takes some microseconds; a thread on top of another one must not begin one in between, so the
kernel is locked meanwhile.
"""

from errno import EIO

from micropython import const
from rtos.core import lock, unlock

_MAC_CSR_CMD = const(0xA4)
_MAC_CSR_DATA = const(0xA8)
_AFC_CFG = const(0xAC)
_E2P_CMD = const(0xB0)
# Bits 31:30 of MAC_CSR_CMD, and of E2P_CMD bit 31.
_BUSY_WRITE = const(2)
_BUSY_READ = const(3)
_BUSY = const(1 << 29)  # bit 31 in a register shifted right by 2
_EEPROM_LOADED = const(0x100)

# MAC registers, 5.4.
_MAC_CR = const(1)
_ADDRH = const(2)
_ADDRL = const(3)
_HASHH = const(4)
_HASHL = const(5)
_MII_ACC = const(6)
_MII_DATA = const(7)
_FLOW = const(8)

# MAC_CR, 5.4.1.
_RCVOWN = const(1 << 23)  # do not hear oneself, for half duplex
_FDPX = const(1 << 20)
_PRMS = const(1 << 18)
_HPFILT = const(1 << 13)
_TXEN = const(1 << 3)
_RXEN = const(1 << 2)
_PAUSE_ON = const(0x3FFF0002)  # FLOW, 5.4.8: bits 29:0 of pause time 0xffff, FCEN
# AFC_CFG, 5.3.22: hold the partner up from 110 x 64 bytes in the RX FIFO down to 55 x 64, ...
_AFC = const(0x006E3740)
_AFC_ALL = const(0xF)  # ... whatever frame comes

# MII_ACC, 5.4.6: the internal PHY has address 1.
_MII_PHY = const(1 << 11)
_MII_WRITE = const(2)
_MII_BUSY = const(1)

# PHY registers, 5.5: those up to 5 are IEEE 802.3's, 22.2.4.
_CONTROL = const(0)
_STATUS = const(1)
_ADVERTISE = const(4)
_PARTNER = const(5)
_INT_SOURCE = const(29)
_INT_MASK = const(30)
_LINK_UP = const(1 << 2)
_NEGOTIATED = const(1 << 5)
_NEGOTIATE = const(0x1200)  # auto-negotiation on, and again
_PAUSE = const(0x0C00)  # symmetric and asymmetric
_ALL_MODES = const(0x01E1)  # IEEE 802.3, 10 and 100 Mbit/s, half and full duplex
# What changes the link: negotiation complete, link down.
_LINK_EVENTS = const(0x50)

# A register access takes some bus cycles, a read of the PHY 30 us; each turn takes 1 us at least.
_TURNS = const(10000)
_POLYNOMIAL = const(0x04C11DB7)


def multicast_hash(addr):
    """The bit, 0 to 63, of a group address in the hash filter: the six top bits of its CRC (5.4.4)."""
    high, low = 0xFFFF, 0xFFFF  # halves, for small ints
    for byte in addr:
        for _ in range(8):
            carry = (high >> 15) ^ (byte & 1)
            high = (high << 1 | low >> 15) & 0xFFFF
            low = low << 1 & 0xFFFF
            if carry:
                high ^= _POLYNOMIAL >> 16
                low ^= _POLYNOMIAL & 0xFFFF
            byte >>= 1
    return high >> 10


class Mac:
    """MAC and PHY of the chip on `bus`."""

    def __init__(self, bus):
        self._bus = bus
        self._control = 0
        self.up = False
        #: Mbit/s, and whether both may talk at once; valid while the link is up.
        self.speed = 0
        self.full_duplex = False

    # ---- Registers

    def _wait(self, offset):
        for _ in range(_TURNS):
            if not self._bus.read(offset, 2) & _BUSY:
                return
        raise OSError(EIO, "LAN9118: register 0x%02x stays busy" % offset)

    def _read(self, register, shift=0):
        bus = self._bus
        self._wait(_MAC_CSR_CMD)
        bus.write(_MAC_CSR_CMD, register, _BUSY_READ)
        self._wait(_MAC_CSR_CMD)
        return bus.read(_MAC_CSR_DATA, shift)

    def _write(self, register, value, top=0):
        bus = self._bus
        self._wait(_MAC_CSR_CMD)
        bus.write(_MAC_CSR_DATA, value, top)
        bus.write(_MAC_CSR_CMD, register, _BUSY_WRITE)
        self._wait(_MAC_CSR_CMD)

    def _mii(self, command):
        self._write(_MII_ACC, _MII_PHY | command | _MII_BUSY)
        for _ in range(_TURNS):
            if not self._read(_MII_ACC) & _MII_BUSY:
                return
        raise OSError(EIO, "LAN9118: the PHY stays busy")

    def _phy_read(self, register):
        self._mii(register << 6)
        return self._read(_MII_DATA) & 0xFFFF

    def _phy_write(self, register, value):
        self._write(_MII_DATA, value)
        self._mii(register << 6 | _MII_WRITE)

    def _set_control(self, off, on):
        self._control = self._control & ~off | on
        self._write(_MAC_CR, self._control)

    # ---- What the netdev wants

    def address(self):
        """The address that the chip has read from its EEPROM, None if there is none."""
        self._wait(_E2P_CMD)
        if not self._bus.read(_E2P_CMD, 0) & _EEPROM_LOADED:
            return None
        low = self._read(_ADDRL)
        top = self._read(_ADDRL, 2) >> 28
        high = self._read(_ADDRH)
        low_bytes = (low & 0xFF, low >> 8 & 0xFF, low >> 16 & 0xFF, low >> 24 | top << 6)
        return bytes(low_bytes + (high & 0xFF, high >> 8 & 0xFF))

    def start(self, hwaddr):
        """After a reset: the address, no filter, the PHY negotiates and interrupts; all on."""
        self._control = _FDPX
        self.up = False
        lock()
        try:
            self._write(_ADDRH, hwaddr[4] | hwaddr[5] << 8)
            low = hwaddr[0] | hwaddr[1] << 8 | hwaddr[2] << 16 | (hwaddr[3] & 0x3F) << 24
            self._write(_ADDRL, low, hwaddr[3] >> 6)
            self._phy_read(_INT_SOURCE)  # clears it
            self._phy_write(_INT_MASK, _LINK_EVENTS)
            self._phy_write(_ADVERTISE, _ALL_MODES | _PAUSE)
            self._phy_write(_CONTROL, _NEGOTIATE)
            self._set_control(0, _TXEN | _RXEN)
        finally:
            unlock()

    def receiver(self, on):
        """Switch reception on or off."""
        lock()
        try:
            if on:
                self._set_control(0, _RXEN)
            else:
                self._set_control(_RXEN, 0)
        finally:
            unlock()

    def filter(self, promiscuous, groups):
        """Which frames come in. groups: multicast addresses."""
        high = low = 0
        top_high = top_low = 0  # bits 31:30
        for addr in groups:
            bit = multicast_hash(addr)
            if bit >= 62:
                top_high |= 1 << bit - 62
            elif bit >= 32:
                high |= 1 << bit - 32
            elif bit >= 30:
                top_low |= 1 << bit - 30
            else:
                low |= 1 << bit
        on = (_PRMS if promiscuous else 0) | (_HPFILT if groups else 0)
        lock()
        try:
            self._write(_HASHH, high, top_high)
            self._write(_HASHL, low, top_low)
            self._set_control(_PRMS | _HPFILT, on)
        finally:
            unlock()

    def check_link(self):
        """Look what the PHY says, and set the MAC to it. Acknowledges the PHY's interrupt."""
        lock()
        try:
            self._phy_read(_INT_SOURCE)
            self._phy_read(_STATUS)  # a link that has been down once is told once more
            status = self._phy_read(_STATUS)
            up = status & (_LINK_UP | _NEGOTIATED) == _LINK_UP | _NEGOTIATED
            if up and not self.up:
                self._agree()
            self.up = up
        finally:
            unlock()

    def _agree(self):
        """Set speed, duplex and flow control to what both ends can (IEEE 802.3, annexes 28B, 31B)."""
        partner = self._phy_read(_PARTNER)
        both = partner & _ALL_MODES
        self.speed = 100 if both & 0x0180 else 10
        self.full_duplex = bool(both & 0x0100 or not both & 0x0080 and both & 0x0040)
        pause = self.full_duplex and partner & 0x0400
        if self.full_duplex:
            self._set_control(_RCVOWN, _FDPX)
        else:
            self._set_control(_FDPX, _RCVOWN)
        self._write(_FLOW, _PAUSE_ON if pause else 0, 3 if pause else 0)
        # Half duplex holds up by collisions.
        hold_up = _AFC_ALL if pause or not self.full_duplex else 0
        self._bus.write(_AFC_CFG, _AFC | hold_up, 0)
