"""Quad SPI of board host, which is simulated."""

from busplaces import Places
from sim import parts

__all__ = ("Qspi", "find_qspi")

find_qspi = Places("QSPI", 0, 0, 0, ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")).find


class Qspi:
    """The board's quad SPI bus of that number."""

    def __init__(self, number):
        self._bus = parts.qspi(number)
        self._freq = 0

    def start(self, freq, mode):
        """Set the clock; the simulation has no level of the clock between commands."""
        self._freq = freq

    def transfer(self, format, instruction, address, alt, tx, rx):
        """One command in the format of a drivers.QSPI."""
        self._bus.transfer(self._freq, format, instruction, address, alt, tx, rx)

    def stop(self):
        """Let go of the lines."""
