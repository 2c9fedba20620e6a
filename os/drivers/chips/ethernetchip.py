"""EthernetChip: what Ethernet controllers on SPI have in common as netdevs (docs/contracts.md)."""

from errno import ENODEV, ENOTCONN

from micropython import const

from .spichip import SpiChip

try:
    from ._fastcopy import copy, fill
except ImportError:
    from ._plaincopy import copy, fill

_FRAME_MIN = const(14)
_FRAME_MAX = const(1514)
_PADDED = const(60)
_LOW_30 = const(0x3FFFFFFF)
#: Frames that recv_into() looks at before it gives way to others.
_LOOKS_MAX = const(64)
# Pieces in which a frame goes over the bus when the buffer is longer than it.
_PIECES = (256, 128, 64, 32, 16, 8, 4, 2, 1)
_BROADCAST = b"\xff\xff\xff\xff\xff\xff"
_FALLING = const(2)  # machine.Pin.IRQ_FALLING, where the pin does not say it


class EthernetChip(SpiChip):
    """A netdev. A subclass moves frames: _start(), _stop(), _receive(), _send(), _service(),
    _rearm(), _link(), _runs(), _set_filter().

    irq: a pin with machine.Pin's irq(), None: no interrupt.
    One thread may receive while another sends. Since both use one bus, the second that comes is told
    that there is nothing, or no room, and gets its notify when the first is done.
    """

    mtu = 1500
    header_size = 14
    _on = False
    # Whether the chip lets frames in that are for other stations.
    _unfiltered = False

    def __init__(self, spi, cs, hwaddr, irq, freq):
        if irq is not None and not hasattr(irq, "irq"):
            raise TypeError("irq: pass a pin that has irq(), or None to poll")
        super().__init__(spi, cs, freq)
        self.hwaddr = hwaddr
        self._irq = irq
        self._notify = None
        self._on_interrupt = self._interrupt  # bound here: handlers have no heap
        self._promiscuous = False
        self._groups = []
        self._taken = self._missed = self._stale = False
        self._up = False
        self._one = bytearray(1)
        self._piece = bytearray(_PIECES[0])
        piece = memoryview(self._piece)
        self._pieces = tuple((n, piece[:n]) for n in _PIECES)
        self._rx_frames = self._rx_dropped = self._rx_errors = 0
        self._tx_frames = self._tx_errors = 0

    def __repr__(self):
        if self._spi is None:
            state = "deinitialised"
        elif not self._on:
            state = "stopped"
        else:
            state = "up" if self._up else "no link"
        return "<%s %s %s>" % (self.NAME, ":".join("%02x" % n for n in self._hwaddr), state)

    # ---- Set-up

    @property
    def hwaddr(self):
        """Six bytes."""
        return self._hwaddr

    @hwaddr.setter
    def hwaddr(self, value):
        self._check_there()
        if self._on:
            raise ValueError("stop() before you change hwaddr")
        if len(value) != 6 or value[0] & 1:
            raise ValueError("hwaddr: six bytes, the first one even")
        self._hwaddr = bytes(value)

    def start(self, notify):
        """Switch on. notify(self): look again; called in the interrupt. Context: thread.

        Raises OSError(ENODEV), OSError(ETIMEDOUT) if the chip does not answer.
        """
        self.stop()
        self._notify = notify
        self._start()
        self._on = True
        self._up = self._link()
        if self._irq is not None:
            trigger = getattr(self._irq, "IRQ_FALLING", _FALLING)
            self._irq.irq(self._on_interrupt, trigger, hard=True)
            self._rearm()

    def stop(self):
        """Switch off; what waited is dropped."""
        self._check_there()
        if self._on:
            self._on = False
            self._notify = None
            if self._irq is not None:
                self._irq.irq(None)
            self._stop()

    def deinit(self):
        """Off for good. May be called twice, also when the chip has gone."""
        if self._spi is not None:
            try:
                self.stop()
            finally:
                super().deinit()

    # ---- Frames

    def recv_into(self, buf):
        """Take a frame: its length, 0 when there is none. Longer ones than buf are dropped.

        Broken ones are counted. Context: one thread. Raises TypeError.
        """
        if type(buf) is bytes:
            raise TypeError("recv_into(buf): buf is to be a bytearray or memoryview")
        if not self._enter():
            return 0
        try:
            for _ in range(_LOOKS_MAX):
                n = self._receive(buf)
                if n > 0:
                    if self._wanted(buf):
                        self._rx_frames = self._rx_frames + 1 & _LOW_30
                        return n
                elif n == 0:
                    break
            self._service()
            if self._irq is not None:
                self._rearm()
            return 0
        finally:
            self._leave()

    def send(self, buf, n):
        """Hand n bytes to the chip, without check sequence; short ones are padded.

        False: no room now, notify comes. Context: one thread.
        Raises ValueError; OSError(ENOTCONN) before start().
        """
        if not _FRAME_MIN <= n <= _FRAME_MAX or n > len(buf):
            raise ValueError("send(buf, n): a frame has 14 to 1514 bytes, all of them in buf")
        if not self._on:
            self._check_there()
            raise OSError(ENOTCONN, "%s: start() first" % self.NAME)
        if not self._enter():
            return False
        try:
            if not self._send(buf, n):
                if self._irq is not None:
                    self._rearm()
                return False
            self._tx_frames = self._tx_frames + 1 & _LOW_30
            return True
        finally:
            self._leave()

    def link(self):
        """Whether the cable carries.

        OSError(ENODEV): the chip has gone, or was reset, by a supply that failed for instance.
        """
        if self._enter():
            try:
                if not self._runs():
                    text = "%s has gone or lost its settings: start() it again"
                    raise OSError(ENODEV, text % self.NAME)
                self._up = self._link()
            finally:
                self._leave()
        return self._on and self._up

    # ---- Who is heard

    def promiscuous(self, on):
        """Whether frames for others come in, too."""
        self._check_there()
        self._promiscuous = bool(on)
        self._filter_changed()

    def multicast(self, addr, on):
        """Whether frames for that group come in."""
        self._check_there()
        if len(addr) != 6 or not addr[0] & 1:
            raise ValueError("multicast(addr, on): six bytes, the first one odd")
        addr = bytes(addr)
        if on and addr not in self._groups:
            self._groups.append(addr)
        elif not on and addr in self._groups:
            self._groups.remove(addr)
        self._filter_changed()

    def stats(self):
        """(rx frames, rx dropped, rx errors, tx frames, tx errors), each modulo 2**30."""
        return (
            self._rx_frames,
            self._rx_dropped,
            self._rx_errors,
            self._tx_frames,
            self._tx_errors,
        )

    # ---- For subclasses

    def _interrupt(self, _):
        notify = self._notify
        if notify is not None:
            notify(self)

    def _check_there(self):
        if self._spi is None:
            raise OSError(ENODEV, "%s was deinitialised: make a new one" % self.NAME)

    def _enter(self):
        """Whether the bus is ours now; False too when the device is off."""
        if not self._on:
            self._check_there()
            return False
        if self._taken:
            self._missed = True
            return False
        self._taken = True
        return True

    def _leave(self):
        while self._stale:
            self._stale = False
            self._set_filter()
        self._deselect()  # where an exception came in the middle of a frame
        self._taken = False
        if self._missed:
            self._missed = False
            self._interrupt(None)

    def _filter_changed(self):
        if self._on:
            self._stale = True
            if self._enter():
                self._leave()

    def _wanted(self, buf):
        """Whether a frame is for us: filters in hardware let some other groups in, too."""
        if self._promiscuous:
            return True
        if not buf[0] & 1:
            return not self._unfiltered or _same(buf, self._hwaddr)
        if _same(buf, _BROADCAST):
            return True
        for group in self._groups:  # noqa: SIM110 - any() would allocate
            if _same(buf, group):
                return True
        return False

    def _stream_in(self, head, buf, n):
        """Send head, then fill the first n bytes of buf."""
        if n == len(buf):
            self._transfer(head, None, buf)
            return
        self._transfer(head, None, None, True)
        done = 0
        for size, view in self._pieces:
            while n - done >= size:
                self._transfer(None, None, view, n - done > size)
                copy(buf, done, view, 0, size)
                done += size

    def _stream_out(self, head, buf, n):
        """Send head, then the first n bytes of buf."""
        if n == len(buf):
            self._transfer(head, buf)
            return
        self._transfer(head, None, None, True)
        done = 0
        for size, view in self._pieces:
            while n - done >= size:
                copy(view, 0, buf, done, size)
                self._transfer(None, view, None, n - done > size)
                done += size

    def _padded(self, buf, n):
        """A buffer with the frame and zeros up to the shortest length of Ethernet."""
        copy(self._piece, 0, buf, 0, n)
        fill(self._piece, n, _PADDED - n, 0)
        return self._piece


def _same(buf, addr):
    for i in range(6):  # noqa: SIM110 - all() would allocate
        if buf[i] != addr[i]:
            return False
    return True
