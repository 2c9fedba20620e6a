"""LAN9118: 10/100 Mbit/s Ethernet controller on a memory bus; a netdev of docs/contracts.md.

Numbers are those of SMSC's LAN9118 datasheet, revision 1.5: 3.12 and 3.13 the two data paths, 5.3
"System control and status registers". The other chips of the family have the same registers.

The chip holds frames in FIFOs of its own; recv_into() and send() copy them from there and there. Its
interrupt is used so: the handler disables what has fired, calls notify, and nothing else. The
thread takes frames until there is none, acknowledges, looks once more, and enables again. So the
line falls with the handler, no frame is missed, and a flood of frames makes one interrupt.
"""

from errno import EIO, ENODEV, ENOTCONN

from micropython import const

from ._lan9118counts import Counts
from ._lan9118mac import Mac

# A plain import: where there is no machine code, the build leaves the first one out.
try:
    from ._lan9118fast import Bus
except ImportError:
    from ._lan9118plain import Bus

_ID_REV = const(0x50)
_IRQ_CFG = const(0x54)
_INT_STS = const(0x58)
_INT_EN = const(0x5C)
_BYTE_TEST = const(0x64)
_FIFO_INT = const(0x68)
_RX_CFG = const(0x6C)
_TX_CFG = const(0x70)
_HW_CFG = const(0x74)
_RX_DP_CTRL = const(0x78)
_RX_FIFO_INF = const(0x7C)
_PMT_CTRL = const(0x84)
_RX_DROP = const(0xA0)

# Upper half of ID_REV, 5.3.1.
_CHIPS = {
    0x0115: "LAN9115",
    0x0116: "LAN9116",
    0x0117: "LAN9117",
    0x0118: "LAN9118",
    0x115A: "LAN9215",
    0x116A: "LAN9216",
    0x117A: "LAN9217",
    0x118A: "LAN9218",
    0x9210: "LAN9210",
    0x9211: "LAN9211",
    0x9220: "LAN9220",
    0x9221: "LAN9221",
}
_BYTE_ORDER = const(0x07654321)  # bits 29:0 of BYTE_TEST, 5.3.5; bits 31:30 are 2

# INT_STS and INT_EN, 5.3.3.
_TXSTOP = const(1 << 25)
_RXSTOP = const(1 << 24)
_RXDFH = const(1 << 23)  # the counter of dropped frames is half full
_PHY = const(1 << 18)
_TXSO = const(1 << 16)
_RWT = const(1 << 15)
_RXE = const(1 << 14)
_TXE = const(1 << 13)
_TDFO = const(1 << 10)
_TDFA = const(1 << 9)
_TSFF = const(1 << 8)
_RXDF = const(1 << 6)
_RSFF = const(1 << 4)
_RSFL = const(1 << 3)
_ERRORS = const(_RXDFH | _TXSO | _RWT | _RXE | _TXE | _TDFO | _TSFF | _RXDF | _RSFF)
_ALWAYS = const(_ERRORS | _PHY)
_RX_BROKEN = const(_RXE | _RSFF)
_TX_BROKEN = const(_TXE | _TXSO | _TDFO | _TSFF)

_IRQ_ENABLE = const(0x100)  # IRQ_CFG, 5.3.2
_IRQ_HIGH_PUSH_PULL = const(0x11)
# FIFO_INT, 5.3.6: interrupts at one RX status, and at 24 * 64 bytes of room, which every frame fits.
_LEVELS = const(24 << 24)
_RX_DUMP = const(0x8000)  # RX_CFG, 5.3.7
_DUMP_TX = const(0xC000)  # TX_CFG, 5.3.8: status and data
_TX_ON = const(2)
_STOP_TX = const(1)
# HW_CFG, 5.3.9: store and forward ("must be one"), 5 of the 16 KB for transmission.
_HW = const(1 << 20 | 5 << 16)
_SOFT_RESET = const(1)
_RESET_FAILED = const(2)
_FAST_FORWARD = const(1 << 29)  # RX_DP_CTRL, 5.3.10: bit 31, shifted right by 2
_READY = const(1)  # PMT_CTRL, 5.3.13

_FRAME_MIN = const(14)
_FRAME_MAX = const(1514)
_CRC = const(4)
_LOW_30 = const(0x3FFFFFFF)
# Waits: each turn takes 1 us at least. A reset takes 100 ms at most (5.3.9, 5.3.13).
_TURNS = const(100000)


class LAN9118:
    """An Ethernet controller of the LAN9118 family.

    bus: its address, a multiple of 256, where 32-bit accesses reach it; or an object with the methods
        of _lan9118fast.Bus.
    interrupt: called as interrupt(handler), connects the chip's line: handler(anything) is to be
        called when it becomes, or is, active. A hard handler does. interrupt(None) disconnects.
    active_high: how the line is driven: push-pull, active high; else open drain, active low.
    fast_forward: skip unwanted frames with RX_DP_CTRL; False reads them, which every model can.

    Raises OSError(ENODEV) when there is none, OSError(EIO) when it does not come out of its reset.
    """

    mtu = 1500
    header_size = 14

    def __init__(self, bus, interrupt, active_high=True, fast_forward=True):
        self._bus = bus = Bus(bus) if isinstance(bus, int) else bus
        self._interrupt = interrupt
        self._irq_cfg = _IRQ_HIGH_PUSH_PULL if active_high else 0
        self._fast_forward = fast_forward
        self._mac = Mac(bus)
        self._live = None  # the bus while it runs
        self._closed = False
        self._notify = None
        self._handler = self._on_interrupt  # bound here, for interrupt handlers have no heap
        self._promiscuous = False
        self._groups = []
        self._counts = Counts()
        self._chip = self.check()
        self._reset()
        self._hwaddr = self._mac.address()

    def __repr__(self):
        if self._closed:
            state = "closed"
        elif self._live is None:
            state = "stopped"
        elif not self._mac.up:
            state = "no link"
        else:
            duplex = "full" if self._mac.full_duplex else "half"
            state = "%d Mbit/s %s duplex" % (self._mac.speed, duplex)
        address = ":".join("%02x" % byte for byte in self._hwaddr or b"")
        return "<%s at %r %s, %s>" % (self._chip, self._bus, address or "no address", state)

    # ---- Set-up

    def check(self):
        """The chip's name. Raises OSError(ENODEV) when something else, or nothing, answers."""
        try:
            found = self._identity()
        except OSError as error:  # there is no memory at that address
            found = str(error)
        if found not in _CHIPS:
            raise OSError(ENODEV, "no LAN9118 at %r: %s" % (self._bus, found))
        return _CHIPS[found]

    def _identity(self):
        """Its number, or what speaks against a chip of the family."""
        bus = self._bus
        bus.write(_BYTE_TEST, 0, 0)  # wakes it (3.10)
        for _ in range(_TURNS):
            order = bus.read(_BYTE_TEST, 0)
            if order == _BYTE_ORDER and bus.read(_BYTE_TEST, 2) >> 28 == 2:
                number = bus.read(_ID_REV, 2) >> 14
                return number if number in _CHIPS else "ID 0x%04x" % number
        return "BYTE_TEST 0x%08x" % order

    def _wait(self, offset, shift, mask, wanted):
        """Read a register until its bits under the mask are as wanted. OSError(EIO)."""
        bus = self._bus
        for _ in range(_TURNS):
            if bus.read(offset, shift) & mask == wanted:
                return
        raise OSError(EIO, "LAN9118: register 0x%02x does not come to 0x%x" % (offset, wanted))

    def _reset(self):
        """Soft reset (5.3.9): all off, registers as after power-up."""
        bus = self._bus
        bus.write(_INT_EN, 0, 0)
        self._wait(_PMT_CTRL, 0, _READY, _READY)
        bus.write(_HW_CFG, _SOFT_RESET, 0)
        self._wait(_HW_CFG, 0, _SOFT_RESET, 0)
        if bus.read(_HW_CFG, 0) & _RESET_FAILED:
            raise OSError(EIO, "LAN9118: the reset timed out; is the PHY powered?")
        self._wait(_PMT_CTRL, 0, _READY, _READY)

    def _check_open(self):
        if self._closed:
            raise OSError(ENODEV, "the LAN9118 was deinitialised")

    @property
    def hwaddr(self):
        """Six bytes: those of the EEPROM, or what was set; None before."""
        return self._hwaddr

    @hwaddr.setter
    def hwaddr(self, value):
        self._check_open()
        if self._live is not None:
            raise ValueError("stop() before you change hwaddr")
        if len(value) != 6 or value[0] & 1:
            raise ValueError("hwaddr: six bytes, the first one even")
        self._hwaddr = bytes(value)

    def start(self, notify):
        """Switch on. notify(self): look again; called in the interrupt. Context: thread."""
        self._check_open()
        if self._hwaddr is None:
            raise ValueError("set hwaddr first: the chip has no EEPROM with one")
        self.stop()
        bus = self._bus
        bus.write(_HW_CFG, _HW, 0)
        bus.write(_FIFO_INT, _LEVELS, 0)
        bus.write(_RX_CFG, 0, 0)
        bus.write(_TX_CFG, _TX_ON, 0)
        bus.write(_INT_STS, _LOW_30, 3)
        bus.write(_IRQ_CFG, self._irq_cfg | _IRQ_ENABLE, 0)
        self._mac.start(self._hwaddr)
        self._mac.filter(self._promiscuous, self._groups)
        self._mac.check_link()
        self._notify = notify
        self._live = bus
        self._interrupt(self._handler)
        bus.write(_INT_EN, _ALWAYS | _RSFL, 0)

    def stop(self):
        """Switch off; what waited is dropped. Context: thread."""
        self._check_open()
        if self._live is not None:
            self._live = None
            self._bus.write(_INT_EN, 0, 0)
            self._interrupt(None)
            self._reset()
            self._notify = None

    def deinit(self):
        """Leave the chip as after a reset; it cannot be used any more."""
        if not self._closed:
            self.stop()
            self._closed = True

    def _on_interrupt(self, _):
        if self._bus.silence():
            self._notify(self)

    # ---- Frames

    def recv_into(self, buf):
        """Take a frame: its length, 0 when there is none. Longer ones than buf are dropped.

        Context: one thread. Raises OSError(ENODEV) after deinit().
        """
        bus = self._live
        if bus is None:
            self._check_open()
            return 0
        if type(buf) is bytes:
            raise TypeError("recv_into(buf): buf is to be a bytearray or memoryview")
        room = len(buf)
        counts = self._counts
        while True:
            status = bus.take_rx()
            if status < 0:
                if self._nothing_came():
                    return 0
                continue
            size = (status >> 16) - _CRC
            words = size + _CRC + 3 >> 2
            if counts.rx_bad(status) or not _FRAME_MIN <= size <= _FRAME_MAX:
                counts.rx_error()
            elif size > room:
                counts.rx_drop(1)
            else:
                bus.pop(buf, size, words)
                counts.rx_frame()
                return size
            self._skip(words)

    def _nothing_came(self):
        """Acknowledge and enable what tells of frames. False: one came in between."""
        bus = self._bus
        bus.write(_INT_STS, _RSFL, 0)
        if bus.read(_RX_FIFO_INF, 16) & 0xFF:
            return False
        errors = bus.read(_INT_STS, 0) & _ERRORS
        if errors:
            self._mend(errors)
        bus.change(_INT_EN, 0, _RSFL | _ERRORS)
        return True

    def _skip(self, words):
        """Drop the frame at the head of the RX data FIFO (3.13.1.1)."""
        bus = self._bus
        if not self._fast_forward or words < 4:
            bus.skip(words)
        else:
            bus.write(_RX_DP_CTRL, 0, 2)
            self._wait(_RX_DP_CTRL, 2, _FAST_FORWARD, 0)

    def _mend(self, errors):
        """Count what INT_STS tells, and bring the data paths into step again (3.12.7, 3.13.5)."""
        bus = self._bus
        bus.write(_INT_STS, errors, 0)
        self._counts.chip(errors)
        if errors & (_RXDF | _RXDFH):
            self._count_drops()
        if errors & _RX_BROKEN:
            self._counts.rx_error()
            self._mac.receiver(False)
            self._wait(_INT_STS, 0, _RXSTOP, _RXSTOP)
            bus.write(_RX_CFG, _RX_DUMP, 0)
            self._wait(_RX_CFG, 0, _RX_DUMP, 0)
            bus.write(_INT_STS, _RXSTOP | _RSFL, 0)
            self._mac.receiver(True)
        if errors & _TX_BROKEN:
            self._counts.tx_error()
            self._drain_tx()
            bus.write(_TX_CFG, _STOP_TX | _TX_ON, 0)
            self._wait(_TX_CFG, 0, _STOP_TX, 0)
            bus.write(_TX_CFG, _DUMP_TX, 0)
            self._wait(_TX_CFG, 0, _DUMP_TX, 0)
            bus.write(_INT_STS, _TXSTOP, 0)
            bus.write(_TX_CFG, _TX_ON, 0)

    def _count_drops(self):
        self._counts.rx_drop(self._bus.read(_RX_DROP, 0))  # 5.3.19: cleared by that

    def send(self, buf, n):
        """Hand the n bytes of a frame to the chip, without check sequence; short ones are padded.

        False: no room now, notify comes. Context: one thread. ValueError, OSError(ENOTCONN) before
        start(), OSError(ENODEV) after deinit().
        """
        bus = self._live
        if bus is None:
            self._check_open()
            raise OSError(ENOTCONN, "start() first")
        if not _FRAME_MIN <= n <= _FRAME_MAX or n > len(buf):
            raise ValueError("send(buf, n): a frame has 14 to 1514 bytes, all of them in buf")
        self._drain_tx()
        if bus.push(buf, n):
            return True
        bus.write(_INT_STS, _TDFA, 0)
        bus.change(_INT_EN, 0, _TDFA)
        return bus.push(buf, n)  # room may have come before the interrupt was on

    def _drain_tx(self):
        """Count what the chip tells of frames that were sent."""
        bus = self._bus
        counts = self._counts
        while True:
            status = bus.take_tx()
            if status < 0:
                return
            counts.tx(status)

    # ---- The link, and who is heard

    def link(self):
        """Whether the cable carries. Enables the interrupt that tells of the next change."""
        bus = self._live
        if bus is None:
            self._check_open()
            return False
        self._mac.check_link()
        bus.change(_INT_EN, 0, _PHY)
        return self._mac.up

    def promiscuous(self, on):
        """Whether frames for others come in, too."""
        self._check_open()
        self._promiscuous = bool(on)
        if self._live is not None:
            self._mac.filter(self._promiscuous, self._groups)

    def multicast(self, addr, on):
        """Whether frames for that group come in. The filter has 64 classes: some others may, too."""
        self._check_open()
        if len(addr) != 6 or not addr[0] & 1:
            raise ValueError("multicast(addr, on): six bytes, the first one odd")
        addr = bytes(addr)
        if on and addr not in self._groups:
            self._groups.append(addr)
        elif not on and addr in self._groups:
            self._groups.remove(addr)
        if self._live is not None:
            self._mac.filter(self._promiscuous, self._groups)

    # ---- Counters

    def stats(self):
        """(rx frames, rx dropped, rx errors, tx frames, tx errors), each modulo 2**30."""
        if self._live is not None:
            self._count_drops()
            self._drain_tx()
        counts = self._counts
        return (
            counts.rx_frames,
            counts.rx_dropped,
            counts.rx_errors,
            counts.tx_frames,
            counts.tx_errors,
        )

    def errors(self):
        """How often the chip told of what, as {name: count}; what it never told of is left out."""
        if self._live is not None:
            self._drain_tx()
        return self._counts.named()
