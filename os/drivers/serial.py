"""UnbufferedSerial: a serial port whose bytes are the program's own matter, in interrupts too."""

from driverport import uart_room
from micropython import const

from .context import refuse_isr
from .serialport import BAUDRATE, IRQ_RX, IRQ_TXIDLE, SerialPort

_RING = const(16)  # bytes that the port keeps where its hardware keeps one or none
_RX = const(1)
_TX = const(2)


class UnbufferedSerial(SerialPort):
    """A serial port without rings of its own: one byte at a time, or what is there.

    bus: its number, None = the board's default. tx, rx: pins instead of the number.
    baudrate: Bd. bits, parity (None, 0 even, 1 odd), stop: the format. flow: RTS and CTS.
    Another UnbufferedSerial on the same pins takes over. Raises ValueError for a port that does not
    exist, OSError(EBUSY) if another kind of driver has the pins, OSError(EOPNOTSUPP) for what the
    port lacks. In interrupt handlers work readable(), writable(), readinto(), write() and any(). Source: mbed's UnbufferedSerial.
    """

    RX = _RX
    TX = _TX

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
    ):
        self._functions = [None, None]
        self._hard = False
        super().__init__(bus, tx, rx, baudrate, bits, parity, stop, flow, _RING, 0)

    def _changed(self):
        if any(self._functions):
            self._attach()

    def readable(self):
        """Whether a byte can be read at once."""
        return self._uart.any() > 0

    def writable(self):
        """Whether a byte can be written at once."""
        self._uart.any()
        return uart_room(self._number, self._uart) > 0

    def readinto(self, buf, nbytes=None):
        """Read what is there, at most nbytes. Returns the number of bytes, None when there is none."""
        n = self._uart.any()
        if nbytes is None:
            nbytes = len(buf)
        if n > nbytes:
            n = nbytes
        return self._uart.readinto(buf, n) if n else None

    def read(self, n=1):
        """Read what is there, at most n bytes, as bytes; None when there is none. Allocates."""
        refuse_isr("not in an interrupt handler, which has no heap: readinto() works there")
        there = self._uart.any()
        return self._uart.read(min(n, there)) if there else None

    def write(self, buf):
        """Write buf, waiting for the wire: in a thread others run meanwhile only where the port lets
        them. Returns the number of bytes; fewer, or None, when the receiver holds the line up.
        """
        return self._uart.write(buf)

    def attach(self, function, irq=_RX, *, hard=False):
        """Call function(self) when there is something to read (RX), or all has been sent (TX).

        function: None = not any more. hard: in the interrupt handler, for this and the other one;
        else in a soft callback. RX: the function has to read, or it is not called again. TX: at once if
        there is nothing to send, as mbed's TxIrq; then after each write.
        Context: thread or base level.
        """
        if irq not in (_RX, _TX):
            raise ValueError("irq: UnbufferedSerial.RX or TX")
        if function is not None and not callable(function):
            raise TypeError("attach(function): pass the function, not its call")
        self._uart.any()
        refuse_isr()
        self._functions[irq - 1] = function
        self._hard = hard
        self._attach()

    def _attach(self):
        rx, tx = self._functions
        trigger = (IRQ_RX if rx else 0) | (IRQ_TXIDLE if tx else 0)
        # Without a trigger at first: _fired() may come before irq() returns.
        self._irq = self._uart.irq(self._fired, 0, self._hard)
        self._irq.trigger(trigger)

    def _fired(self, uart):
        flags = self._irq.flags()
        rx, tx = self._functions
        if rx is not None and flags & IRQ_RX:
            rx(self)
        if tx is not None and flags & IRQ_TXIDLE:
            tx(self)

    def ioctl(self, request, argument):
        """For select.poll."""
        if request == 3:  # MP_STREAM_POLL
            ready = argument & 1 if self._uart.any() else 0
            return ready | (argument & 4 if uart_room(self._number, self._uart) else 0)
        if request == 4:
            self.deinit()
            return 0
        return -1
