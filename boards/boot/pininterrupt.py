"""The driver port's PinInterrupt, for boards whose machine.Pin has hard interrupts."""


class PinInterrupt:
    """Calls function(pin) in the interrupt at the edges of a pin.

    pin: a machine.Pin.
    """

    def __init__(self, pin, function):
        self._pin = pin
        self._function = function

    def enable(self, edges):
        """edges: Pin.IRQ_RISING, Pin.IRQ_FALLING or both. ValueError: the pin has no interrupt."""
        self._pin.irq(self._function, edges, hard=True)

    def disable(self):
        """No more calls."""
        self._pin.irq(None)
