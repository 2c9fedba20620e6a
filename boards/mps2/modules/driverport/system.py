"""Why the board started, what it is called, its clock of wall time, its sleep."""

import machine
import mps2
from machine import RTC as WallClock
from machine import unique_id

__all__ = ("WallClock", "deep_sleep", "reset_reason", "sleep", "slept_ms", "unique_id")

_REASONS = {
    "power-on": "POWER_ON",
    "watchdog": "WATCHDOG",
    "deepsleep": "WAKE_LOW_POWER",
    "crash": "LOCKUP",
    "soft reset": "SOFTWARE",
}


def reset_reason():
    """A name of drivers.ResetReason. A reset that no program has announced came from outside."""
    reason = mps2.reset_reason()
    if reason == "reset":
        return "SOFTWARE" if mps2.reset_announced() else "PIN_RESET"
    return _REASONS[reason]


def sleep(ms=None):
    """Wait for an interrupt, at most `ms` milliseconds."""
    if ms is None:
        machine.idle()
    else:
        machine.lightsleep(ms)


#: The emulated core has no state below WFI; time goes on.
deep_sleep = sleep


def slept_ms():
    """How many milliseconds time.ticks_ms() has missed in deep sleep; it wraps as that does."""
    return 0
