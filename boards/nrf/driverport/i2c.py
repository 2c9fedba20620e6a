"""I2C of an nRF52: machine.I2C, which takes settings only when it is made."""

import machine
from board import BUSES, NAME
from bustable import BusTable
from i2cclear import clear

from . import make_pin
from .openline import OpenLine
from .shared import give_back, take

__all__ = ("I2C", "I2C_DIRECT", "find_i2c", "recover_i2c")

#: A device that holds a line keeps the bus: drivers have to clear it.
I2C_DIRECT = False

_TABLE = BusTable("I2C", *BUSES["I2C"], ("SCL", "SDA"), free=True)
#: What the hardware has; machine.I2C would take the nearest, which may be too fast.
_FREQS = (400_000, 250_000, 100_000)
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

_pins = {}  # number -> keys, since find_i2c() comes before I2C()


def find_i2c(bus, scl, sda):
    """(number, keys of its pins): any pins will do. Raises ValueError."""
    number, keys = _TABLE.find(bus, scl, sda)
    _pins[number] = keys
    return number, keys


class I2C:
    """The machine.I2C of that number, and init() and deinit() for it. start(), stop(), readinto() and
    write() raise OSError: the port has whole transfers only. It has no time-out either.
    """

    def __init__(self, number, freq, timeout_us):
        take("I2C", number)
        self._number = number
        self._lines = [make_pin(key) for key in _pins[number]]
        try:
            self.init(freq, timeout_us)
        except BaseException:
            give_back(number)
            raise

    def init(self, freq, timeout):
        """Set it up afresh. ValueError: slower than the hardware can."""
        for hz in _FREQS:
            if hz <= freq:
                break
        else:
            raise ValueError("I2C of %s has 100000 Hz at least, not %d" % (NAME, freq))
        scl, sda = self._lines
        self._i2c = i2c = machine.I2C(self._number, scl, sda, freq=hz)
        for name in _METHODS:
            setattr(self, name, getattr(i2c, name))

    def deinit(self):
        """The unit may be SPI now."""
        for line in self._lines:
            line.init(machine.Pin.IN)
        give_back(self._number)


def recover_i2c(hardware, pins, freq, timeout_us):
    """Clock a stuck device free. Returns whether the bus is idle."""
    lines = [OpenLine(key) for key in pins]
    try:
        return clear(*lines)
    finally:
        hardware.init(freq=freq, timeout=timeout_us)  # gives the pins back to it
