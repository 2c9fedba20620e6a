"""Clocking a device free that holds SDA, by hand: for ports whose controller does not do it."""

from time import sleep_us

from micropython import const

_CLOCKS = const(9)  # the rest of a byte and its acknowledge: NXP UM10204 rev. 7, 3.1.16


def clear(scl, sda, half_us=5):
    """Free a bus whose SDA a device holds low: up to nine clocks, then a stop condition.

    scl, sda: open-drain outputs, called with a level, and without one for what the line says.
    half_us: half a clock period. Returns whether both lines are high then. Context: any.
    """
    sda(1)
    scl(1)
    sleep_us(half_us)
    for _ in range(_CLOCKS):
        if sda():
            break
        scl(0)
        sleep_us(half_us)
        scl(1)
        sleep_us(half_us)
    # SDA falls while SCL is low and rises while it is high.
    scl(0)
    sda(0)
    sleep_us(half_us)
    scl(1)
    sleep_us(half_us)
    sda(1)
    sleep_us(half_us)
    return bool(scl() and sda())
