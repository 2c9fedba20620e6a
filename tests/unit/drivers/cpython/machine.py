"""machine for CPython: the simulation on a virtual clock, which MicroPython's time follows."""

import micropython
from sim import clock

PinBase = object

from sim.standin import *  # noqa: E402, F403

_START_US = (1 << 30) - 2000  # so that the counter wraps early in a test


def now_us():
    return _START_US + clock.now()


micropython.use_clock(now_us, clock.advance)

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)


def reset_cause():
    return PWRON_RESET


def unique_id():
    return b"CPython!"


def lightsleep(ms):
    clock.current().pause(clock.now() + ms * 1000)


class RTC:
    """Stands still, so that a test sees what it has set."""

    _now = (2026, 1, 1, 3, 0, 0, 0, 0)

    def datetime(self, when=None):
        if when is None:
            return RTC._now
        RTC._now = tuple(when)
