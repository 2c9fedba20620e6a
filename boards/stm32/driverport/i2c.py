"""I2C of an STM32: machine.I2C, which takes settings only when it is made."""

import machine
from board import BUSES
from bustable import BusTable
from i2cclear import clear

from . import make_pin

__all__ = ("I2C", "I2C_DIRECT", "find_i2c", "recover_i2c")

#: A time-out leaves the bus as it is, so drivers have to clear it.
I2C_DIRECT = False

find_i2c = BusTable("I2C", *BUSES["I2C"], ("SCL", "SDA")).find

_METHODS = (
    "scan",
    "readfrom",
    "readfrom_into",
    "writeto",
    "writevto",
    "readfrom_mem",
    "readfrom_mem_into",
    "writeto_mem",
    "start",
    "stop",
    "readinto",
    "write",
)


class I2C:
    """The machine.I2C of that number, and init() for it. start(), stop(), readinto() and write()
    raise OSError: the port has whole transfers only.
    """

    def __init__(self, number, freq, timeout_us):
        self._number = number
        self.init(freq, timeout_us)

    def init(self, freq, timeout):
        """Set it up afresh."""
        i2c = machine.I2C(self._number, freq=freq, timeout=timeout)
        for name in _METHODS:
            setattr(self, name, getattr(i2c, name))


def recover_i2c(hardware, pins, freq, timeout_us):
    """Clock a stuck device free. Returns whether the bus is idle."""
    lines = [make_pin(key) for key in pins]
    for line in lines:
        line.init(machine.Pin.OPEN_DRAIN, value=1)
    try:
        return clear(*lines)
    finally:
        hardware.init(freq=freq, timeout=timeout_us)  # gives the pins back to it
