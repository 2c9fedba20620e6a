"""Sleep and deep sleep: WFI, and STOP, in which time.ticks_ms() stands still.

The calendar goes on, so it tells how long STOP was, in steps of 1/256 s with MicroPython's settings.
Registers: RM0090 26.3.6 and 26.6, RM0351 38.3.8 and 38.6; those of F4 and L4 are the same.
"""

from time import ticks_add, ticks_diff, ticks_ms

import machine
from board import chip
from machine import mem32
from micropython import const

# Addresses are numbers on the heap, and so made once; a sleep takes none.
_TR = chip.RTC
_DR = chip.RTC + 0x04
_ISR = chip.RTC + 0x0C
_PRER = chip.RTC + 0x10
_WPR = chip.RTC + 0x24
_SSR = chip.RTC + 0x28
_RSF = const(1 << 5)
_PREDIV_S = const(0x7FFF)
_TRIES = const(10_000)  # it takes two cycles of a clock of 32 kHz, if there is one
_DAY_K = const(84_375)
_K_MASK = const(0xFFFFF)
#: What machine.lightsleep() takes: 2**16 s.
_STOP_MAX_MS = const(65_535_000)
# Days before each month, from March on; the year of the calendar is one of 2000 to 2099.
_BEFORE = (306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275)

_slept_ms = 0


def sleep(ms=None):
    """Wait for an interrupt, which SysTick is after a millisecond at the latest."""
    if ms != 0:
        machine.idle()


def deep_sleep(ms=None):
    """STOP until an interrupt of a pin or the RTC, at most `ms` milliseconds. Serial ports stop."""
    global _slept_ms
    if ms == 0:
        return
    before = _calendar()
    ticks = ticks_ms()
    if ms is None:
        machine.lightsleep()
    else:
        machine.lightsleep(min(ms, _STOP_MAX_MS))
    seen_ms = ticks_diff(ticks_ms(), ticks)
    _synchronise()
    missed_ms = ticks_diff(_calendar(), before) - seen_ms
    if missed_ms > 0:
        _slept_ms = ticks_add(_slept_ms, missed_ms)


def slept_ms():
    """How many milliseconds time.ticks_ms() has missed in deep sleep; it wraps as that does."""
    return _slept_ms


def _synchronise():
    """Have the shadow registers show the time after a STOP, not the one before (26.3.6)."""
    mem32[_WPR] = 0xCA  # the keys of the write protection
    mem32[_WPR] = 0x53
    mem32[_ISR] = mem32[_ISR] & ~_RSF
    mem32[_WPR] = 0xFF
    for _ in range(_TRIES):
        if mem32[_ISR] & _RSF:
            return


def _calendar():
    """Milliseconds of the calendar, modulo 2**30."""
    # In this order: the first one keeps the others as they are until the last one is read.
    fraction = mem32[_SSR]
    time = mem32[_TR]
    date = mem32[_DR]
    steps = mem32[_PRER] & _PREDIV_S
    second = _bcd(time & 0x7F) + 60 * _bcd(time >> 8 & 0x7F) + 3600 * _bcd(time >> 16 & 0x3F)
    month = _bcd(date >> 8 & 0x1F)
    year = _bcd(date >> 16 & 0xFF) - (month < 3)
    day = year * 365 + year // 4 + _BEFORE[month - 1] + _bcd(date & 0x3F)
    # A day has 84375 * 1024 ms; in two parts, since a product above 2**30 is no small int, which
    # ticks_add() wants.
    k = (((day >> 10) * _DAY_K & 0x3FF) << 10) + (day & 0x3FF) * _DAY_K & _K_MASK
    days_ms = k << 10
    return ticks_add(days_ms, second * 1000 + (steps - fraction) * 1000 // (steps + 1))


def _bcd(value):
    return (value >> 4) * 10 + (value & 0xF)
