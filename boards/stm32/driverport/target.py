"""I2cTarget: over machine.I2CTarget, which MicroPython 1.26 has on F4, F7, H7 and WB only."""

from errno import EOPNOTSUPP

import machine
from board import NAME

from . import find_i2c

__all__ = ("I2cTarget", "find_i2c_target")


def find_i2c_target(bus, scl, sda):
    """(number, keys of its pins). OSError(EOPNOTSUPP): this MicroPython has no I2CTarget."""
    if not hasattr(machine, "I2CTarget"):
        raise OSError(EOPNOTSUPP, "%s has no I2CTarget in this MicroPython" % NAME)
    return find_i2c(bus, scl, sda)


def I2cTarget(number, addr, mem, mem_addrsize, general_call):
    """The board as an I2C device. OSError(EOPNOTSUPP) for general_call."""
    if general_call:
        raise OSError(EOPNOTSUPP, "%s has no general call for I2CTarget" % NAME)
    # It takes no pins: those of the number are the board's.
    return machine.I2CTarget(number, addr, mem=mem, mem_addrsize=mem_addrsize)
