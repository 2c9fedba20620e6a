"""Why the board started, what it is called, its sleep, random numbers.

Registers: nRF52840 PS 5.3.7 POWER, 4.4.1 FICR, 6.19.4 RNG.
"""

import os
from errno import EIO

import machine
from machine import mem8, mem32
from micropython import const

__all__ = ("deep_sleep", "fill_random", "reset_reason", "sleep", "slept_ms", "unique_id")

_RESETREAS = const(0x40000400)
_REASONS = (
    (0, "PIN_RESET"),
    (1, "WATCHDOG"),
    (2, "SOFTWARE"),
    (3, "LOCKUP"),
    (16, "WAKE_LOW_POWER"),  # System OFF, by a pin
    (17, "WAKE_LOW_POWER"),  # by LPCOMP
    (18, "PLATFORM"),  # the debugger
    (19, "WAKE_LOW_POWER"),  # by NFC
    (20, "WAKE_LOW_POWER"),  # by USB power
)
_ALL = const(0x1F000F)
_DEVICEID = const(0x10000060)

_RNG_START = const(0x4000D000)
_RNG_STOP = const(0x4000D004)
_RNG_READY = const(0x4000D100)
_RNG_CONFIG = const(0x4000D504)
_RNG_VALUE = const(0x4000D508)
_CORRECT_BIAS = const(1)
_TRIES = const(100_000)  # a corrected byte takes 120 us on average
_PIECE = 64

_reason = None


def reset_reason():
    """A name of drivers.ResetReason. UNKNOWN: power was switched on, or the reset pin was pulled.

    The chip keeps reasons until they are cleared. MicroPython has cleared one before, the bit with the
    number that reset_cause() has, which is 0 for the pin and for none; the others are cleared here.
    """
    global _reason
    if _reason is None:
        flags = mem32[_RESETREAS] & _ALL
        mem32[_RESETREAS] = flags  # cleared by ones
        cause = machine.reset_cause()
        # 16 is PWRON_RESET in MicroPython, and that bit, which it has not cleared then.
        if cause:
            flags |= 1 << cause
        names = []
        for bit, name in _REASONS:
            if flags >> bit & 1 and name not in names:
                names.append(name)
        _reason = "UNKNOWN" if not names else names[0] if len(names) == 1 else "MULTIPLE"
    return _reason


def unique_id():
    """Eight bytes, which machine.unique_id() does not give."""
    return bytes([mem8[_DEVICEID + n] for n in range(8)])


def sleep(ms=None):
    """Wait for an interrupt, which RTC1 is after a millisecond at the latest."""
    if ms != 0:
        machine.lightsleep()


#: The deepest state that keeps the memory is the same; machine.deepsleep() is a reset here.
deep_sleep = sleep


def slept_ms():
    """How many milliseconds time.ticks_ms() has missed in deep sleep: RTC1 counts on."""
    return 0


def fill_random(buf):
    """Fill buf from the chip's generator."""
    urandom = getattr(os, "urandom", None)
    if urandom is None:
        _generate(buf)
        return
    for start in range(0, len(buf), _PIECE):
        noise = urandom(min(_PIECE, len(buf) - start))
        buf[start : start + len(noise)] = noise


def _generate(buf):
    mem32[_RNG_CONFIG] = _CORRECT_BIAS
    mem32[_RNG_READY] = 0
    mem32[_RNG_START] = 1
    try:
        for i in range(len(buf)):
            for _ in range(_TRIES):
                if mem32[_RNG_READY]:
                    break
            else:
                raise OSError(EIO, "the random number generator gives nothing")
            buf[i] = mem32[_RNG_VALUE] & 0xFF
            mem32[_RNG_READY] = 0
    finally:
        mem32[_RNG_STOP] = 1
