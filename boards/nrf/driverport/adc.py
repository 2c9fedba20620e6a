"""Adc: over machine.ADC, which has 8 bits, of the supply voltage."""

import machine
from board import NAME, VDD_UV, chip

from . import make_pin

__all__ = ("Adc",)


class Adc:
    """An analog input. Raises ValueError for a pin without one."""

    #: Full scale: the supply.
    reference_uv = VDD_UV

    def __init__(self, key):
        if int(key[1:]) not in chip.AIN:
            raise ValueError(
                "%s of %s has no converter: use %s"
                % (key, NAME, ", ".join(["P%d" % n for n in chip.AIN]))
            )
        self._pin = make_pin(key)
        # By its channel: the port knows that of a pin only on boards whose table says so.
        self._adc = machine.ADC(chip.AIN.index(int(key[1:])))

    def read_u16(self):
        """0 to 65535 = full scale, in 256 steps."""
        return self._adc.read_u16()

    def read_uv(self):
        """Microvolts. Allocates nothing."""
        # In 256 steps, so that products are small ints: 8 bits by 22.
        return VDD_UV // 255 * (self._adc.read_u16() >> 8)

    def deinit(self):
        """The pin is an input again."""
        self._pin.init(machine.Pin.IN)
