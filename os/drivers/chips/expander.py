"""ExpanderPin: a pin behind an I2C chip, with the methods of DigitalInOut and machine.Pin."""

from micropython import const

_IN = const(0)
_OUT = const(1)


class ExpanderPin:
    """One pin of a port expander or LED driver; made by the chip's pin().

    It can be called, and goes wherever a pin is only read or written: chip selects, BusOut. Each
    access is a transfer on the chip's bus, so it cannot be used in interrupt handlers.
    The pin number is `number`, its bit in the port `mask`.
    """

    IN = _IN
    OUT = _OUT

    def __init__(self, chip, number, inverted=False):
        self._chip = chip
        self.number = number
        self.mask = 1 << number
        self._inverted = inverted

    def __repr__(self):
        kind = "output" if self._chip.direction() & self.mask else "input"
        low = ", active low" if self._inverted else ""
        return "<pin %d of %r, %s%s>" % (self.number, self._chip, kind, low)

    def init(self, mode=-1, pull=None, *, value=None):
        """Make it an input (IN) or output (OUT), and set its level; -1 and None leave them.

        The level is set first, so that an output starts with it. Raises ValueError for a pull, which
        these chips do not have.
        """
        if pull not in (None, -1):
            raise ValueError("%r has no pulls: leave pull out" % self._chip)
        if value is not None:
            self.value(value)
        if mode != -1:
            if mode not in (_IN, _OUT):
                raise ValueError("mode must be pin.IN or pin.OUT, not %r" % (mode,))
            self._chip.direction(self.mask, mode == _OUT)

    def value(self, value=None):
        """The level on the pin, 0 or 1; with an argument, set the output. Raises OSError of the bus."""
        if value is None:
            return int(bool(self._chip.read() & self.mask) != self._inverted)
        self._chip.write(self.mask, self.mask if bool(value) != self._inverted else 0)
        return None

    __call__ = value

    def on(self):
        """Set it to 1."""
        self.value(1)

    def off(self):
        """Set it to 0."""
        self.value(0)

    def toggle(self):
        """Set it to the opposite of what was written last."""
        self._chip.write(self.mask, ~self._chip.written())
