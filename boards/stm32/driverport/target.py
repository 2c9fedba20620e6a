"""I2cTarget: over machine.I2CTarget, which MicroPython 1.26 has on F4, F7, H7 and WB only."""

from errno import EOPNOTSUPP

import machine
from board import NAME

from . import find_i2c

__all__ = ("I2cTarget",)


def I2cTarget(bus, addr, scl, sda, mem, mem_addrsize, general_call):
    """The board as an I2C device. bus None: the default's, or that with these pins.

    OSError(EOPNOTSUPP): this MicroPython has no I2CTarget, or for general_call. ValueError: no such bus.
    """
    target = getattr(machine, "I2CTarget", None)
    if target is None:
        raise OSError(EOPNOTSUPP, "%s has no I2CTarget in this MicroPython" % NAME)
    if general_call:
        raise OSError(EOPNOTSUPP, "%s has no general call for I2CTarget" % NAME)
    number, _ = find_i2c(bus, scl, sda)
    # It takes no pins: those of the number are the board's.
    return target(number, addr, mem=mem, mem_addrsize=mem_addrsize)
