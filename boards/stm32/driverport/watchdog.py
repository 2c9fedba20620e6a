"""Watchdog: over machine.WDT, the IWDG. It cannot be stopped."""

from board import chip
from driverlacks import lacks
from machine import WDT
from micropython import const

# What machine.WDT reckons with; the real oscillator is one of the chip's data sheet.
_LSI_HZ = const(32_000)
# machine.WDT takes up to 511 ms, and halves what is longer six times at most, rounding down.
_STEPS = const(511)
_HALVINGS = const(6)

#: The longest that is no shorter with the quickest oscillator.
WATCHDOG_MAX_MS = (_STEPS << _HALVINGS) * _LSI_HZ // chip.LSI_MAX_HZ if chip.LSI_MAX_HZ else 0


class _Watchdog:
    """Runs from here on. The driver has checked the timeout.

    It is set so that the quickest oscillator the data sheet allows does not reset too early; with
    the slowest it is the later. Another timeout while it runs is possible.
    """

    def __init__(self, timeout_ms):
        wanted = (timeout_ms * chip.LSI_MAX_HZ + _LSI_HZ - 1) // _LSI_HZ
        halvings = 0
        while -(-wanted >> halvings) > _STEPS:
            halvings += 1
        self._wdt = WDT(0, timeout=-(-wanted >> halvings) << halvings)
        self.feed = self._wdt.feed


#: None where it could not be said that it is never early.
Watchdog = _Watchdog if chip.LSI_MAX_HZ else lacks("Watchdog")
