"""I2C of the emulated board: machine.I2C, whose transfers no thread can divide."""

import machine
from busplaces import Places
from mps2 import handle

__all__ = ("I2C", "I2C_DIRECT", "find_i2c", "recover_i2c")

#: A transfer is one step, and after a time-out frees the bus by itself.
I2C_DIRECT = True

find_i2c = Places("I2C", 0, 3, 3, ("SCL", "SDA")).find


def I2C(number, freq, timeout_us):
    """A machine.I2C of that number, with a deinit() that ends this object."""
    return handle(machine.I2C(number, freq=freq, timeout=timeout_us))


def recover_i2c(hardware, pins, freq, timeout_us):
    """Clock a stuck device free. Returns whether the bus is idle."""
    hardware.init(freq=freq, timeout=timeout_us)  # does it
    try:
        hardware.start()
        hardware.stop()
    except OSError:
        return False
    return True
