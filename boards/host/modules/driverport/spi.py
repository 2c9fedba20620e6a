"""SPI of the host board: machine.SPI over simulated wires."""

from errno import EOPNOTSUPP

import machine
from busplaces import Places

from . import NAME

__all__ = ("SPI", "SPI_DIRECT", "check_spi", "find_spi")

#: The simulation is in Python, which threads can divide.
SPI_DIRECT = False

find_spi = Places("SPI", 0, 4, 4, ("SCK", "MOSI", "MISO")).find


def check_spi(bits, firstbit):
    """OSError(EOPNOTSUPP) for frames that this board cannot have."""
    if bits != 8:
        raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 bits" % NAME)


def SPI(number, baudrate, polarity, phase, bits, firstbit):
    """The machine.SPI of that number. OSError(EOPNOTSUPP) for frames of other than 8 bits."""
    check_spi(bits, firstbit)
    return machine.SPI(
        number, baudrate=baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit
    )
