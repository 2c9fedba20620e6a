"""Adc over machine.ADC, Dac over pyb.DAC, which is the only one there is."""

import machine
from board import VDD_UV
from driverlacks import lacks
from micropython import const

from . import make_pin

try:
    from pyb import DAC
except ImportError:
    DAC = None

__all__ = ("Adc", "Dac")

_FULL = const(65535)
_BITS = const(12)
_UV = VDD_UV // _FULL  # for each 65535th, and the rest
_UV_REST = VDD_UV % _FULL


class Adc:
    """An analog input. Raises ValueError for a pin without one."""

    #: Full scale: the supply.
    reference_uv = VDD_UV

    def __init__(self, key):
        self._pin = pin = make_pin(key)
        self._adc = machine.ADC(pin)
        self.read_u16 = self._adc.read_u16

    def read_uv(self):
        """Microvolts. Allocates nothing."""
        value = self._adc.read_u16()
        return _UV * value + ((_UV_REST >> 1) * (value >> 1) >> 14)

    def deinit(self):
        """The pin is an input again."""
        self._pin.init(machine.Pin.IN)


class _Dac:
    """An analog output: PA4 or PA5. Raises ValueError for other pins."""

    def __init__(self, key):
        self._pin = pin = make_pin(key)
        self._dac = DAC(pin, bits=_BITS)

    def write_u16(self, value):
        """Set the voltage, 0 to 65535 = the supply. Context: any."""
        self._dac.write(value >> 16 - _BITS)

    def deinit(self):
        """No voltage any more; the pin is an input again."""
        self._dac.deinit()
        self._pin.init(machine.Pin.IN)


#: F401 and F411 have none, and boards may leave it out.
Dac = lacks("AnalogOut") if DAC is None else _Dac
