"""SPI of an STM32: machine.SPI."""

from errno import EOPNOTSUPP

import machine
from board import BUSES, NAME
from bustable import BusTable

__all__ = ("SPI", "SPI_DIRECT", "check_spi", "find_spi")

#: A transfer is one step: it waits for its DMA without running anything else.
SPI_DIRECT = True

find_spi = BusTable("SPI", *BUSES["SPI"], ("SCK", "MOSI", "MISO")).find


def check_spi(bits, firstbit):
    """OSError(EOPNOTSUPP) for frames that this board cannot have."""
    if bits not in (8, 16):
        raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 or 16 bits" % NAME)


def SPI(number, baudrate, polarity, phase, bits, firstbit):
    """The machine.SPI of that number. OSError(EOPNOTSUPP) for frames of other than 8 and 16 bits."""
    check_spi(bits, firstbit)
    return machine.SPI(
        number, baudrate=baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit
    )
