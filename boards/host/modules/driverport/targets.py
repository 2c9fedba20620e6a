"""The board as an I2C or SPI device; board host simulates that."""

from sim.target import I2CTarget
from sim.target import SpiTarget as SimTarget

__all__ = ("I2cTarget", "SpiTarget")

_I2C_DEFAULT = 3
_SPI_DEFAULT = 4


def I2cTarget(bus, addr, scl, sda, mem, mem_addrsize, general_call):
    """What machine.I2CTarget offers, and `general`. bus None: 3."""
    return I2CTarget(
        _I2C_DEFAULT if bus is None else bus,
        addr,
        scl=scl,
        sda=sda,
        mem=mem,
        mem_addrsize=mem_addrsize,
        general_call=general_call,
    )


def SpiTarget(bus, function, polarity, phase, lsb_first):
    """Calls function(byte) in the interrupt, -1 at the end of a frame. bus None: 4."""
    return SimTarget(_SPI_DEFAULT if bus is None else bus, function, polarity, phase, lsb_first)
