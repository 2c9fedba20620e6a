"""Why the board started, what it is called, its clock of wall time, its sleep, random numbers."""

import os

import machine
from machine import RTC as WallClock
from machine import unique_id

__all__ = (
    "WallClock",
    "deep_sleep",
    "fill_random",
    "reset_reason",
    "sleep",
    "slept_ms",
    "unique_id",
)

_PIECE = 64


def reset_reason():
    """A name of drivers.ResetReason. There is no reset from outside."""
    cause = machine.reset_cause()
    if cause == machine.PWRON_RESET:
        return "POWER_ON"
    if cause == machine.WDT_RESET:
        return "WATCHDOG"
    if cause == machine.DEEPSLEEP_RESET:
        return "WAKE_LOW_POWER"
    if cause == machine.BROWN_OUT_RESET:
        return "BROWN_OUT"
    return "SOFTWARE"


def sleep(ms=None):
    """Wait for an interrupt, at most `ms` milliseconds."""
    if ms is None:
        machine.idle()
    else:
        machine.lightsleep(ms)


#: A process has no state below waiting; time goes on.
deep_sleep = sleep


def slept_ms():
    """How many milliseconds time.ticks_ms() has missed in deep sleep; it wraps as that does."""
    return 0


def fill_random(buf):
    """Fill buf from the computer's source."""
    for start in range(0, len(buf), _PIECE):
        noise = os.urandom(min(_PIECE, len(buf) - start))
        buf[start : start + len(noise)] = noise
