"""PinInterrupt: over machine.Pin.irq, which pins of one number on several ports share."""

from micropython import const

_EBUSY = const(16)  # not in MicroPython's errno

_lines = {}  # number of the EXTI line -> (name of the pin, PinInterrupt)


class PinInterrupt:
    """Calls function(pin) in the interrupt at the edges of a pin.

    pin: a machine.Pin. PA3 and PB3 have one interrupt line, and a second one raises OSError(EBUSY).
    """

    def __init__(self, pin, function):
        self._pin = pin
        self._function = function

    def enable(self, edges):
        """edges: Pin.IRQ_RISING, Pin.IRQ_FALLING or both."""
        pin = self._pin
        line = pin.pin()
        name, owner = _lines.get(line, ("", self))
        if owner is not self and name != pin.name():
            raise OSError(
                _EBUSY,
                "P%s and P%s have the same interrupt: one of them at a time" % (pin.name(), name),
            )
        try:
            # Before 1.29 it returns None, and there is nothing to ask later.
            pin.irq(self._function, edges, hard=True)
        except OSError as error:  # taken by the program's own Pin.irq or pyb.ExtInt
            raise OSError(_EBUSY, "P%s: %s" % (pin.name(), error.args[-1])) from None
        _lines[line] = (pin.name(), self)

    def disable(self):
        """No more calls."""
        line = self._pin.pin()
        _, owner = _lines.get(line, ("", None))
        if owner is self:  # else it is another pin's by now
            del _lines[line]
            self._pin.irq(None)
