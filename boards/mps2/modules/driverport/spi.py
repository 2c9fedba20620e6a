"""SPI of the emulated board: machine.SPI."""

from errno import EOPNOTSUPP

import machine
from busplaces import Places
from mps2 import handle

from . import NAME

__all__ = ("SPI", "SPI_DIRECT", "check_spi", "find_spi")

#: A transfer is one step.
SPI_DIRECT = True

find_spi = Places("SPI", 0, 4, 4, ("SCK", "MOSI", "MISO")).find


def check_spi(bits, firstbit):
    """OSError(EOPNOTSUPP) for frames that this board cannot have."""
    if firstbit != machine.SPI.MSB:
        raise OSError(EOPNOTSUPP, "%s has no SPI with firstbit=LSB" % NAME)
    if bits > 16:
        raise OSError(EOPNOTSUPP, "%s has no SPI with more than 16 bits" % NAME)


def SPI(number, baudrate, polarity, phase, bits, firstbit):
    """A machine.SPI of that number, whose deinit() ends this object. OSError(EOPNOTSUPP) for what a PL022 cannot do."""
    check_spi(bits, firstbit)
    bus = machine.SPI(
        number, baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit
    )
    return handle(bus)
