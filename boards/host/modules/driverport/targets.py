"""The board as an I2C or SPI device; board host simulates that."""

from busplaces import Places
from sim.target import I2CTarget, SpiTarget

from .i2c import find_i2c as find_i2c_target

__all__ = ("I2cTarget", "SpiTarget", "find_i2c_target", "find_spi_target")

find_spi_target = Places("SPI", 0, 4, 4, ("SCK", "MOSI", "MISO", "CS")).find


def I2cTarget(number, addr, mem, mem_addrsize, general_call):
    """What machine.I2CTarget offers, and `general`."""
    return I2CTarget(number, addr, mem=mem, mem_addrsize=mem_addrsize, general_call=general_call)
