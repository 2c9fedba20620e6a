"""A simulated digital-analog converter, which sets the voltage of a wire."""

from .wires import VDD_UV

_FULL = 65535


class DAC:
    """A voltage on a wire, from 0 to reference_uv in 2**bits steps; MicroPython documents none."""

    def __init__(self, wire, bits=12, reference_uv=VDD_UV):
        self._wire = wire
        self._bits = bits
        self._reference_uv = reference_uv

    def __repr__(self):
        return f"<DAC {self._wire.name}>"

    def write_u16(self, value):
        """Set 0 to 65535 = full scale, to the resolution of the converter."""
        code = value >> 16 - self._bits
        self._wire.source_uv = code * self._reference_uv // ((1 << self._bits) - 1)

    def deinit(self):
        """Drive nothing."""
        self._wire.source_uv = None
