"""The driver port's PortRegister where there is no register for it: pin by pin."""

from machine import disable_irq, enable_irq


class PinPort:
    """Pins that are read and set together, with interrupts off.

    pins: machine.Pin of bit 0, 1, ... keys: theirs.
    """

    def __init__(self, pins, keys):
        self._pins = pins
        #: The key of each bit's pin.
        self.keys = keys

    def read(self):
        """The levels, as a number."""
        levels = 0
        bit = 1
        state = disable_irq()
        for pin in self._pins:
            if pin():
                levels |= bit
            bit <<= 1
        enable_irq(state)
        return levels

    def write(self, mask, value):
        """Set the levels of the pins in the mask."""
        bit = 1
        state = disable_irq()
        for pin in self._pins:
            if mask & bit:
                pin(value & bit)
            bit <<= 1
        enable_irq(state)

    def direction(self, mask, output):
        """Make outputs or inputs of the pins in the mask. ValueError for pins that cannot be that."""
        bit = 1
        for pin in self._pins:
            if mask & bit:
                pin.init(pin.OUT if output else pin.IN)
            bit <<= 1
