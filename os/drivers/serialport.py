"""What serial ports have in common, buffered or not: opening, formats, errors."""

import io

from driverport import UART as make_uart
from driverport import find_uart, uart_break, uart_errors
from machine import UART
from micropython import const

from .context import refuse_isr
from .default import default_of
from .pins import Gone, claim, release

BAUDRATE = const(115_200)
_PARITIES = (None, 0, 1)
#: Events of a port's UART. Where machine.UART has none for sending, the board's part has that number.
IRQ_RX = getattr(UART, "IRQ_RX", 1)
IRQ_TXIDLE = getattr(UART, "IRQ_TXIDLE", 1 << 16)


class SerialPort(io.IOBase):
    """A serial port; see its subclasses."""

    def __init__(self, bus, tx, rx, baudrate, bits, parity, stop, flow, rxbuf, txbuf):
        self._uart = self._irq = None
        _check(baudrate, bits, parity, stop)
        self._number, pins = find_uart(bus, tx, rx)
        self._format = (bits, parity, stop)
        self._baudrate = baudrate
        self._flow = flow
        self._rings = (rxbuf, txbuf)
        claim(self, *pins, unit="UART(%d)" % self._number)
        try:
            self._set_up()
        except BaseException:
            release(self)
            raise

    def _set_up(self):
        """Have the hardware as it is wanted; what was received is kept if the port can."""
        self._uart = make_uart(
            self._number, self._baudrate, *self._format, self._flow, *self._rings
        )
        self._changed()

    @classmethod
    def default(cls):
        """The board's default port: the same object for all who ask. A new one after deinit()."""
        return default_of(cls)

    def is_connected(self):
        """Whether there is a port to use; False after deinit(). Context: any."""
        return not isinstance(self._uart, Gone)

    def _changed(self):
        """The hardware is a new object. For subclasses."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __repr__(self):
        name = "%s UART%d" % (type(self).__name__, self._number)
        if isinstance(self._uart, Gone):
            return "<%s deinitialised>" % name
        bits, parity, stop = self._format
        letter = "N" if parity is None else "EO"[parity]
        return "<%s %d Bd %d%s%d>" % (name, self._baudrate, bits, letter, stop)

    def baud(self, baudrate=None):
        """The rate in Bd, or set it. Raises ValueError. Context: thread or base level."""
        self._uart.any()  # raises after deinit()
        if baudrate is not None:
            refuse_isr()
            _check(baudrate, *self._format)
            self._change(baudrate, self._format)
        return self._baudrate

    def format(self, bits=8, parity=None, stop=1):
        """Set the format. parity: None, 0 even, 1 odd. Raises OSError(EOPNOTSUPP) for what the port
        lacks; the old format stays then. Context: thread or base level.
        """
        self._uart.any()
        refuse_isr()
        _check(self._baudrate, bits, parity, stop)
        self._change(self._baudrate, (bits, parity, stop))

    def _change(self, *wanted):
        before = (self._baudrate, self._format)
        self._baudrate, self._format = wanted
        try:
            self._set_up()
        except BaseException:
            self._baudrate, self._format = before
            raise

    def any(self):
        """Bytes that can be read at once. Context: any."""
        return self._uart.any()

    def errors(self):
        """(overruns, framing errors, parity errors) since the board started. Allocates.

        Context: any but an ISR.
        """
        self._uart.any()
        refuse_isr()
        return uart_errors(self._number, self._uart)

    def send_break(self, ms=10):
        """Hold the line low for so long. Raises OSError(EOPNOTSUPP) where the port cannot."""
        self._uart.any()
        refuse_isr()
        uart_break(self._number, self._uart, ms)

    def deinit(self):
        """Switch it off: what was not read or sent is dropped, and later calls raise OSError(ENODEV).

        May be called twice. Context: thread or base level.
        """
        uart = self._uart
        if uart is None or isinstance(uart, Gone):
            return
        refuse_isr()
        self._uart = Gone("%s UART%d" % (type(self).__name__, self._number))
        uart.irq(None)
        uart.deinit()
        release(self)

    def close(self):
        """deinit(), under the name that streams have."""
        self.deinit()


def _check(baudrate, bits, parity, stop):
    if not isinstance(baudrate, int) or not 0 < baudrate < 1 << 30:
        raise ValueError("baudrate: Bd, at least 1, for instance 115_200")
    if not 5 <= bits <= 9:
        raise ValueError("bits: 5 to 9 in a character")
    if parity not in _PARITIES:
        raise ValueError("parity: None, 0 for even or 1 for odd")
    if stop not in (1, 2):
        raise ValueError("stop: 1 or 2 bits")
