"""ExpanderPin: a pin behind an I2C chip, with the methods of DigitalInOut and machine.Pin."""

from micropython import const

_IN = const(0)
_OUT = const(1)


def _bus_name(i2c):
    """A short name of a bus, the same for all objects that stand for it: "I2C3"."""
    _, found, rest = repr(i2c).partition("I2C(")
    digits = rest.split(",")[0].split(")")[0]
    return "I2C" + digits if found and digits.isdigit() else "bus%x" % id(i2c)


class ExpanderPin:
    """One pin of a port expander or LED driver; made by the chip's pin().

    It can be called, and goes wherever a pin is only read or written: chip selects, DigitalOut, BusOut.
    Each access is a transfer on the chip's bus, so it cannot be used in interrupt handlers.
    number: of the pin.  mask: its bit in the port.  key: what drivers claim.
    """

    IN = _IN
    OUT = _OUT
    #: It is no pin of the board: drivers take it as it is.
    remote = True

    def __init__(self, chip, number, inverted=False):
        self._chip = chip
        self.number = number
        self.mask = 1 << number
        self.key = "%s:0x%02x.%d" % (_bus_name(chip._i2c), chip.addr, number)
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

    def irq(self, *args, **kwargs):
        """Raise ValueError: read the pin now and then, or use the chip's interrupt output."""
        raise ValueError("%r has no interrupt: read it now and then" % self)

    def on(self):
        """Set it to 1."""
        self.value(1)

    def off(self):
        """Set it to 0."""
        self.value(0)

    def toggle(self):
        """Set it to the opposite of what was written last."""
        self._chip.write(self.mask, ~self._chip.written())
