"""W5500: Ethernet controller with 10/100BASE-TX on SPI, used as a netdev (MACRAW mode).

WIZnet W5500 data sheet, version 1.0.9. Its own TCP/IP is not used: socket 0 gets all of the 16 KB of
each direction and passes frames on as they are.
"""

from errno import ENODEV, ETIMEDOUT

from micropython import const

from .ethernetchip import EthernetChip

# The control byte (2.2.2): block << 3, write, variable length (0).
_WRITE = const(0x04)
_COMMON = const(0x00)
_SOCKET = const(0x08)
_TX_BUFFER = const(0x10)
_RX_BUFFER = const(0x18)
_SOCKETS = const(8)
_NEXT_SOCKET = const(0x20)

# Common registers (3.1).
_MR = const(0x0000)
_SHAR = const(0x0009)
_SIMR = const(0x0018)
_PHYCFGR = const(0x002E)
_VERSIONR = const(0x0039)
# Socket registers (3.2).
_SN_MR = const(0x0000)
_SN_CR = const(0x0001)
_SN_IR = const(0x0002)
_SN_SR = const(0x0003)
_SN_RXBUF_SIZE = const(0x001E)
_SN_TXBUF_SIZE = const(0x001F)
_SN_TX_FSR = const(0x0020)
_SN_TX_WR = const(0x0024)
_SN_RX_RSR = const(0x0026)
_SN_RX_RD = const(0x0028)
_SN_IMR = const(0x002C)

_RST = const(0x80)
_LNK = const(0x01)
_SPD = const(0x02)
_DPX = const(0x04)
_VERSION = const(0x04)
_MACRAW = const(0x04)  # Sn_MR
_MAC_FILTER = const(0x80)
_NO_MULTICAST = const(0x20)
_OPEN = const(0x01)  # Sn_CR
_CLOSE = const(0x10)
_SEND = const(0x20)
_RECV = const(0x40)
_SEND_OK = const(0x10)  # Sn_IR
_TIMEOUT = const(0x08)
_RECEIVED = const(0x04)
_SOCK_MACRAW = const(0x42)  # Sn_SR

_BUFFER_KB = const(16)
_BUFFER = const(16384)
_LENGTH = const(2)  # in front of each frame that came, itself included
_FRAME_MIN = const(14)
_FRAME_MAX = const(1514)
_PADDED = const(60)
_RESET_MS = const(50)
_COMMAND_MS = const(10)
_SAME_TRIES = const(8)
_LOW_30 = const(0x3FFFFFFF)


class W5500(EthernetChip):
    """A W5500: a netdev, see docs/contracts.md.

    spi, cs: see SpiChip; up to 33 MHz. freq: for spi.init(). hwaddr: 6 bytes.
    irq: a pin with irq() that the chip's INTn pulls low; without one, recv_into() must be called now
    and then, and notify never comes. The chip has no interrupt for its link: ask link().
    Raises OSError(ENODEV) with the identity that was found. Context: thread.
    """

    NAME = "W5500"

    def __init__(self, spi, cs, hwaddr, irq=None, freq=None):
        super().__init__(spi, cs, hwaddr, irq, freq)
        self._two = bytearray(2)
        self._sending = False
        self._is_reset = self._reset_over
        self._is_taken = self._command_over
        self.check()

    def check(self):
        """The version is right: else OSError(ENODEV) with the one that was found."""
        version = self._get(_COMMON, _VERSIONR)
        if version != _VERSION:
            raise OSError(ENODEV, "no W5500: version %02x" % version)

    def speed(self):
        """(Mbit/s, whether full duplex) of the link."""
        status = self._get(_COMMON, _PHYCFGR)
        return 100 if status & _SPD else 10, bool(status & _DPX)

    # ---- EthernetChip's hooks

    def _start(self):
        self._put(_COMMON, _MR, _RST)
        if not self._until(self._is_reset, _RESET_MS):
            raise OSError(ETIMEDOUT, "W5500: its reset does not end")
        self.check()
        for i in range(6):
            self._put(_COMMON, _SHAR + i, self._hwaddr[i])
        for i in range(_SOCKETS):
            size = 0 if i else _BUFFER_KB
            self._put(_SOCKET + i * _NEXT_SOCKET, _SN_RXBUF_SIZE, size)
            self._put(_SOCKET + i * _NEXT_SOCKET, _SN_TXBUF_SIZE, size)
        self._put(_SOCKET, _SN_IMR, _SEND_OK | _TIMEOUT | _RECEIVED)
        self._open()
        self._put(_COMMON, _SIMR, 1)

    def _stop(self):
        self._put(_COMMON, _SIMR, 0)
        self._command(_CLOSE)

    def _runs(self):
        return self._get(_SOCKET, _SN_SR) == _SOCK_MACRAW

    def _link(self):
        return bool(self._get(_COMMON, _PHYCFGR) & _LNK)

    def _set_filter(self):
        # The mode is taken over when the socket is opened; what waited is lost.
        self._command(_CLOSE)
        self._open()

    def _open(self):
        mode = _MACRAW
        # With its filter the chip takes no groups (data sheet), or those of IPv4 only (seen by others):
        # who wants some has the driver filter all.
        self._unfiltered = bool(self._groups) and not self._promiscuous
        if not self._groups and not self._promiscuous:
            mode |= _MAC_FILTER | _NO_MULTICAST
        self._put(_SOCKET, _SN_MR, mode)
        self._sending = False
        self._command(_OPEN)
        status = self._get(_SOCKET, _SN_SR)
        if status != _SOCK_MACRAW:
            raise OSError(ENODEV, "W5500: its socket does not open (status %02x)" % status)
        self._put(_SOCKET, _SN_IR, 0xFF)

    def _receive(self, buf):
        """The length of the next frame, 0: none, -1: look again."""
        waiting = self._pair_steady(_SN_RX_RSR)
        if waiting == 0:
            # The flag first, then a second look, so that no frame is missed.
            self._put(_SOCKET, _SN_IR, _RECEIVED)
            waiting = self._pair_steady(_SN_RX_RSR)
            if waiting == 0:
                return 0
        at = self._pair(_SN_RX_RD)
        self._transfer(self._addressed(_RX_BUFFER, at), None, self._two)
        used = self._two[0] << 8 | self._two[1]
        n = used - _LENGTH
        if used > waiting or waiting > _BUFFER or not _FRAME_MIN <= n <= _FRAME_MAX:
            # Where the next frame begins is not known any more.
            self._rx_errors = self._rx_errors + 1 & _LOW_30
            self._set_filter()
            return -1
        if n > len(buf):
            self._rx_dropped = self._rx_dropped + 1 & _LOW_30
            result = -1
        else:
            self._stream_in(self._addressed(_RX_BUFFER, at + _LENGTH & 0xFFFF), buf, n)
            result = n
        self._put_pair(_SN_RX_RD, at + used & 0xFFFF)
        self._command(_RECV)
        return result

    def _send(self, buf, n):
        if self._sending and not self._sent():
            return False
        if n < _PADDED:
            buf, n = self._padded(buf, n), _PADDED
        if self._pair_steady(_SN_TX_FSR) < n:
            return False
        at = self._pair(_SN_TX_WR)
        self._stream_out(self._addressed(_TX_BUFFER | _WRITE, at), buf, n)
        self._put_pair(_SN_TX_WR, at + n & 0xFFFF)
        self._sending = True
        self._command(_SEND)
        return True

    def _sent(self):
        """Whether the frame before is out."""
        flags = self._get(_SOCKET, _SN_IR) & (_SEND_OK | _TIMEOUT)
        if flags:
            if flags & _TIMEOUT:
                self._tx_errors = self._tx_errors + 1 & _LOW_30
            self._put(_SOCKET, _SN_IR, flags)
            self._sending = False
        return not self._sending

    def _service(self):
        if self._sending:
            self._sent()

    def _rearm(self):
        # The pin has an edge again if anything waits.
        self._put(_COMMON, _SIMR, 0)
        self._put(_COMMON, _SIMR, 1)

    # ---- Registers

    def _addressed(self, block, addr):
        self._head[0] = addr >> 8
        self._head[1] = addr & 0xFF
        self._head[2] = block
        return self._heads[3]

    def _get(self, block, register):
        self._transfer(self._addressed(block, register), None, self._one)
        return self._one[0]

    def _put(self, block, register, value):
        self._addressed(block | _WRITE, register)
        self._head[3] = value
        self._transfer(self._heads[4])

    def _pair(self, register):
        """Two bytes of socket 0."""
        self._transfer(self._addressed(_SOCKET, register), None, self._two)
        return self._two[0] << 8 | self._two[1]

    def _pair_steady(self, register):
        """A count that the chip may change between its two bytes (3.2: read until it repeats)."""
        value = self._pair(register)
        for _ in range(_SAME_TRIES):
            again = self._pair(register)
            if again == value:
                break
            value = again
        return value

    def _put_pair(self, register, value):
        self._addressed(_SOCKET | _WRITE, register)
        self._head[3] = value >> 8
        self._head[4] = value & 0xFF
        self._transfer(self._heads[5])

    def _command(self, command):
        self._put(_SOCKET, _SN_CR, command)
        if not self._until(self._is_taken, _COMMAND_MS):
            raise OSError(ETIMEDOUT, "W5500: it does not take command %02x" % command)

    def _command_over(self):
        return not self._get(_SOCKET, _SN_CR)

    def _reset_over(self):
        return not self._get(_COMMON, _MR) & _RST
