"""A simulated analog-digital converter, and machine.ADC."""

from .dice import Dice
from .wires import VDD_UV

_FULL = 65535


class Converter:
    """Converts the voltage of a wire.

    wire: anything with uv(), the voltage in microvolts; Wire.source_uv sets it. bits: of the result.
    reference_uv: full scale. noise_uv: standard deviation of the noise; seed: of that.
    """

    def __init__(self, wire, bits=12, reference_uv=VDD_UV, noise_uv=0, seed=1):
        self.wire = wire
        self.bits = bits
        self.reference_uv = reference_uv
        self.noise_uv = noise_uv
        self._dice = Dice(seed)

    def convert(self):
        """The result of one conversion, 0 to 2**bits - 1; voltages beyond the range are cut off."""
        uv = self.wire.uv()
        if self.noise_uv:
            uv += self._dice.normal(self.noise_uv)
        top = (1 << self.bits) - 1
        return max(0, min(top, int(uv * (1 << self.bits)) // self.reference_uv))


class ADC:
    """machine.ADC: the converter of a pin.

    id: "A0" to "A5", 0 to 5, or a Pin. ValueError for another pin. Further arguments that ports have,
    sample_ns and atten, are taken and mean nothing.
    """

    def __init__(self, id, *, sample_ns=None, atten=None):
        from . import parts

        self._converter = parts.adc(id)

    def __repr__(self):
        return f"<ADC {self._converter.wire.name}>"

    @property
    def reference_uv(self):
        """The voltage of full scale."""
        return self._converter.reference_uv

    def init(self, *, sample_ns=None, atten=None):
        """Nothing to set up."""

    def read_u16(self):
        """The result of a conversion, stretched to 0 to 65535."""
        converter = self._converter
        value = converter.convert() << 16 - converter.bits
        return value | value >> converter.bits

    def read_uv(self):
        """The voltage of a conversion, microvolts."""
        return (self.read_u16() * self._converter.reference_uv + _FULL // 2) // _FULL

    def deinit(self):
        """Nothing to switch off."""
