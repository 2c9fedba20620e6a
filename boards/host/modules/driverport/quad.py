"""Quad SPI of board host, which is simulated."""

from sim import parts

__all__ = ("Qspi",)


class Qspi:
    """The board's quad SPI bus; None: 0."""

    def __init__(self, bus):
        self._bus = parts.qspi(0 if bus is None else bus)
        self.name = self._bus.name
        self._freq = 0

    def start(self, freq, mode):
        """Set the clock; the simulation has no level of the clock between commands."""
        self._freq = freq

    def transfer(self, format, instruction, address, alt, tx, rx):
        """One command in the format of a drivers.QSPI."""
        self._bus.transfer(self._freq, format, instruction, address, alt, tx, rx)

    def stop(self):
        """Let go of the lines."""
