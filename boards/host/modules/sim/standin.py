"""The module machine for unit tests on CPython: the simulation on a virtual clock.

tests put a machine.py on their path that says `from sim.standin import *`.
"""

from . import board, clock, machine_pin
from .adc import ADC
from .machine_can import CAN
from .machine_i2c import I2C, SoftI2C
from .machine_pin import Pin, PinBase, Signal
from .machine_spi import SPI, SoftSPI
from .machine_timer import Timer
from .machine_uart import UART
from .pwm import PWM
from .target import I2CTarget

__all__ = [
    "ADC",
    "CAN",
    "I2C",
    "I2CTarget",
    "PWM",
    "Pin",
    "PinBase",
    "SPI",
    "Signal",
    "SoftI2C",
    "SoftSPI",
    "Timer",
    "UART",
    "advance",
    "disable_irq",
    "drive",
    "enable_irq",
    "idle",
    "reset_simulation",
    "time_pulse_us",
]

_IDLE_US = 1_000_000


def reset_simulation():
    """Start anew: time 0, no wires, nothing attached."""
    clock.use(clock.VirtualClock())
    board.reset()
    machine_pin.reset()


def drive(name, level):
    """What is outside drives a pin, or with level None releases it."""
    board.output(board.wire(name), "outside", False).set(level)


def advance(us, settle=None):
    """Let time pass; settle() is called behind everything that happens meanwhile."""
    if settle is None:
        clock.advance(us)
        return
    settle()
    end = clock.now() + us
    while clock.now() < end:
        clock.current().pause(end)
        settle()


def disable_irq():
    """Hold hard handlers back; returns what enable_irq() takes."""
    return clock.current().mask(True)


def enable_irq(state=False):
    clock.current().mask(state)


def idle():
    """Wait for the next thing that is planned, at most a second."""
    clock.current().pause(clock.now() + _IDLE_US)


def time_pulse_us(pin, level, timeout_us=1_000_000):
    """Length of the next pulse of that level, us; -2: none began in time, -1: it did not end."""
    if pin.value() == level and not clock.wait(lambda: pin.value() != level, timeout_us):
        return -2
    if not clock.wait(lambda: pin.value() == level, timeout_us):
        return -2
    start = clock.now()
    if not clock.wait(lambda: pin.value() != level, timeout_us):
        return -1
    return clock.now() - start
