"""BufferedSerial: a serial port as a stream, with rings that interrupts fill and empty."""

from errno import ENODEV

from driverport import uart_room
from micropython import const, schedule
from rtos.core import in_thread, lock, post, running, served, unlock

from .context import call_hard, refuse_isr
from .pins import Gone
from .serialport import BAUDRATE, IRQ_RX, IRQ_TXIDLE, SerialPort
from .streamwait import StreamWaiters

_RING = const(256)
_RING_MAX = const(65534)
_POLL = const(3)  # MP_STREAM_POLL
_CLOSE = const(4)
_READABLE = const(1)
_WRITABLE = const(4)
_INVALID = const(0x20)

_RX = IRQ_RX
_TXIDLE = IRQ_TXIDLE
_CANNOT_WAIT = "an interrupt handler cannot wait: a thread does"


class BufferedSerial(SerialPort):
    """A serial port as a stream: nothing waits but what is awaited. docs/contracts.md: Stream.

    bus: its number, None = the board's default. tx, rx: pins instead of the number.
    baudrate: Bd. bits, parity (None, 0 even, 1 odd), stop: the format. flow: RTS and CTS.
    rxbuf, txbuf: bytes of the rings.
    Goes wherever a stream goes: select.poll, asyncio.StreamReader and StreamWriter, os.dupterm.
    Another BufferedSerial on the same pins takes over. Raises ValueError for a port that does not
    exist, OSError(EBUSY) if another kind of driver has the pins, OSError(EOPNOTSUPP) for what the
    port lacks. After deinit() every use raises OSError(ENODEV).
    Context: thread and base level; the methods that do not wait also in soft callbacks.
    Source: mbed's BufferedSerial.
    """

    def __init__(
        self,
        bus=None,
        *,
        tx=None,
        rx=None,
        baudrate=BAUDRATE,
        bits=8,
        parity=None,
        stop=1,
        flow=False,
        rxbuf=_RING,
        txbuf=_RING,
    ):
        for size in (rxbuf, txbuf):
            if not isinstance(size, int) or not 0 < size <= _RING_MAX:
                raise ValueError("rxbuf and txbuf: 1 to 65534 bytes")
        self._readers = StreamWaiters()
        self._writers = StreamWaiters()
        self._drainers = StreamWaiters()
        self._notify = None
        self._armed = 0
        # Bound here, since an interrupt handler has no heap for it.
        self._posted = self._go_on
        super().__init__(bus, tx, rx, baudrate, bits, parity, stop, flow, rxbuf, txbuf)

    def _changed(self):
        self._irq = self._uart.irq(self._fired, 0, True)
        self._arm(self._armed)

    # ---- What does not wait. C calls these methods too, hence the lock.

    def readinto(self, buf, nbytes=None):
        """Read what is there, at most nbytes. Returns the number of bytes, None when there is none."""
        lock()
        try:
            uart = self._uart
            n = uart.any()
            if nbytes is None:
                nbytes = len(buf)
            if n:
                return uart.readinto(buf, n if n < nbytes else nbytes)
            if self._notify is not None:
                self._arm(_RX)
            return None
        finally:
            unlock()

    def read(self, n=-1):
        """Read what is there, at most n bytes, as bytes; None when there is none. Allocates."""
        refuse_isr("not in an interrupt handler, which has no heap: readinto() works there")
        lock()
        try:
            there = self._uart.any()
            if there:
                return self._uart.read(there if n < 0 or n > there else n)
            if self._notify is not None:
                self._arm(_RX)
            return None
        finally:
            unlock()

    def readline(self):
        """Read what is there, up to the end of the line; None when there is nothing. Allocates."""
        refuse_isr("not in an interrupt handler, which has no heap: readinto() works there")
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if byte is None:
                return line or None
            line += byte
        return line

    def write(self, buf):
        """Take what there is room for. Returns the number of bytes, None when there is no room."""
        lock()
        try:
            n = None if self._writers.waiters else self._uart.write(buf)
            if (n is None or n < len(buf)) and self._notify is not None:
                self._arm(_TXIDLE)
            return n
        finally:
            unlock()

    def ioctl(self, request, argument):
        """For select.poll and its like: MP_STREAM_POLL and MP_STREAM_CLOSE."""
        lock()
        try:
            if request == _POLL:
                if isinstance(self._uart, Gone):
                    return _INVALID
                ready = argument & _READABLE if self._uart.any() else 0
                if uart_room(self._number, self._uart):
                    ready |= argument & _WRITABLE
                return ready
            if request == _CLOSE:
                self.deinit()
                return 0
            return -1
        finally:
            unlock()

    def notify(self, function):
        """Have function(self) called when there may be something to read, or room to write.

        It comes once after a read, or a write, that found nothing, or too little room, from the hard
        interrupt handler. None = not any more. When it raises, that is printed, and it is
        not called again. Source: mbed's sigio.
        """
        if function is not None and not callable(function):
            raise TypeError("notify(function): pass the function, not its call")
        self._uart.any()
        self._notify = function
        if function is not None:
            self._arm(_RX)

    # ---- What threads await

    def recv_into(self, buf, timeout_ms=None):
        """Read what is there into buf, at least one byte. Awaitable of the number of bytes.

        Raises OSError(ETIMEDOUT); ENODEV when the port is deinitialised meanwhile. Context: thread.
        """
        if not len(buf):
            raise ValueError("recv_into() needs a buffer of at least one byte")
        if not in_thread():
            refuse_isr(_CANNOT_WAIT)
            return _outside(self, "recv_into", buf, timeout_ms)
        if not self._readers.waiters:
            n = self.readinto(buf)
            if n is not None:
                return served(n)
        return self._wait(self._readers, buf, 0, _RX, timeout_ms)

    def sendall(self, buf, timeout_ms=None):
        """Send all of buf. Awaitable: the end of it is in the ring. As recv_into() otherwise.

        On ETIMEDOUT some of it has been sent.
        """
        if not in_thread():
            refuse_isr(_CANNOT_WAIT)
            return _outside(self, "sendall", buf, timeout_ms)
        done = 0
        if not self._writers.waiters:
            done = self.write(buf) or 0
            if done == len(buf):
                return served()
        return self._wait(self._writers, buf, done, _TXIDLE, timeout_ms)

    def drain(self, timeout_ms=None):
        """Wait until all that was written has left. Awaitable. As recv_into() otherwise."""
        if not in_thread():
            refuse_isr(_CANNOT_WAIT)
            return _outside(self, "drain", timeout_ms)
        if self._uart.txdone():
            return served()
        return self._wait(self._drainers, None, 0, _TXIDLE, timeout_ms)

    def _wait(self, who, buf, done, event, timeout_ms):
        who.put(running().strand, buf, done)
        awaitable = who.park(timeout_ms)
        self._arm(event)  # last: what has come in between is seen now
        return awaitable

    # ---- Interrupts

    def _arm(self, events):
        """Have _fired() called once, after one of the events; at once if it is there already."""
        armed = self._armed | events
        self._armed = armed
        self._irq.trigger(armed)

    def _fired(self, uart):
        """The hard interrupt handler: it comes once, and again after _arm()."""
        self._irq.trigger(0)
        self._armed = 0
        waited_for = self._readers.waiters or self._writers.waiters or self._drainers.waiters
        if waited_for and not post(self._posted, None):
            schedule(self._posted, None)
        notify = self._notify
        if notify is not None and call_hard(notify, self) is None:
            self._notify = None

    def _go_on(self, _, __=None):
        """Serve those who wait with what there is. The kernel calls it."""
        lock()
        try:
            uart = self._uart
            if isinstance(uart, Gone):
                return
            while (place := self._readers.first()) is not None:
                n = uart.any()
                if not n:
                    self._arm(_RX)
                    break
                size = len(place[1])
                self._readers.serve(place, uart.readinto(place[1], n if n < size else size))
            while (place := self._writers.first()) is not None:
                left = len(place[1]) - place[2]
                place[2] += uart.write(place[1], place[2], left) or 0
                if place[2] < len(place[1]):
                    self._arm(_TXIDLE)
                    break
                self._writers.serve(place)
            while (place := self._drainers.first()) is not None:
                if not uart.txdone():
                    self._arm(_TXIDLE)
                    break
                self._drainers.serve(place)
        finally:
            unlock()

    def deinit(self):
        """As SerialPort.deinit(); threads that wait get OSError(ENODEV)."""
        super().deinit()
        self._notify = None
        for who in (self._readers, self._writers, self._drainers):
            who.fail(OSError(ENODEV, "%r" % self))


def _outside(stream, name, *args):
    from rtos.outside import outside

    return outside(stream, name, *args)
