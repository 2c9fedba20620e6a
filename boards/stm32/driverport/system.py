"""Why the board started, what it is called, its clock of wall time, random numbers."""

import os
from errno import EOPNOTSUPP

import machine
from board import NAME
from machine import unique_id

__all__ = ("WallClock", "fill_random", "reset_reason", "unique_id")

_PIECE = 64

_REASONS = {
    machine.PWRON_RESET: "POWER_ON",
    machine.HARD_RESET: "PIN_RESET",
    machine.WDT_RESET: "WATCHDOG",
    machine.DEEPSLEEP_RESET: "WAKE_LOW_POWER",
    machine.SOFT_RESET: "SOFTWARE",
}


def reset_reason():
    """A name of drivers.ResetReason.

    MicroPython reads and clears the flags in RCC_CSR before the first line of Python runs, and keeps
    less than they say: a brown-out counts as POWER_ON, machine.reset() and Ctrl-D both as SOFTWARE.
    """
    return _REASONS.get(machine.reset_cause(), "UNKNOWN")


class WallClock:
    """machine.RTC, with 0 for Monday, where the port has 1. Years 2000 to 2099."""

    def __init__(self):
        self._rtc = machine.RTC()

    def datetime(self, when=None):
        """(year, month, day, weekday, hour, minute, second, rest), or set it. Raises ValueError."""
        if when is None:
            now = self._rtc.datetime()
            return now[:3] + (now[3] - 1,) + now[4:]
        if not 2000 <= when[0] <= 2099:
            raise ValueError("year: the clock of this chip has 2000 to 2099, not %r" % (when[0],))
        # The hardware takes no weekday 0.
        self._rtc.datetime(tuple(when[:3]) + (when[3] + 1,) + tuple(when[4:7]) + (0,))
        return None


def fill_random(buf):
    """Fill buf from the chip's generator. OSError(EOPNOTSUPP) without one: pyb.rng() may be a
    program's then.
    """
    urandom = getattr(os, "urandom", None)
    if urandom is None:
        raise OSError(EOPNOTSUPP, "%s has no random number generator" % NAME)
    for start in range(0, len(buf), _PIECE):
        noise = urandom(min(_PIECE, len(buf) - start))
        buf[start : start + len(noise)] = noise
