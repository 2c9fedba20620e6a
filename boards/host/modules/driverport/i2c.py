"""I2C of the host board: machine.I2C over simulated wires."""

import machine
from busplaces import Places
from i2cclear import clear

from . import make_pin

__all__ = ("I2C", "I2C_DIRECT", "find_i2c", "recover_i2c")

#: The simulation is in Python, which threads can divide, and leaves a stuck bus stuck.
I2C_DIRECT = False

find_i2c = Places("I2C", 0, 3, 3, ("SCL", "SDA")).find


def I2C(number, freq, timeout_us):
    """The machine.I2C of that number."""
    return machine.I2C(number, freq=freq, timeout=timeout_us)


def recover_i2c(hardware, pins, freq, timeout_us):
    """Clock a stuck device free. Returns whether the bus is idle."""
    hardware.init(freq=freq, timeout=timeout_us)  # lets go of the wires
    lines = [make_pin(key) for key in pins]
    for line in lines:
        line.init(machine.Pin.OPEN_DRAIN, value=1)
    try:
        return clear(*lines)
    finally:
        for line in lines:
            line.init(machine.Pin.IN)
