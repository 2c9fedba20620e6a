"""machine for CPython: the simulation on a virtual clock, which MicroPython's time follows."""

import micropython
from sim import clock

PinBase = object

from sim.standin import *  # noqa: E402, F403

_START_US = (1 << 30) - 2000  # so that the counter wraps early in a test


def now_us():
    return _START_US + clock.now()


micropython.use_clock(now_us, clock.advance)
