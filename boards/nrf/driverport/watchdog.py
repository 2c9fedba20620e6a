"""Watchdog: by registers, since MicroPython's nrf port has no class for it. It cannot be stopped.

Registers: nRF52840 PS 6.37, WDT.
"""

from machine import mem32
from micropython import const

_START = const(0x40010000)
_RUNSTATUS = const(0x40010400)
_CRV = const(0x40010504)
_RREN = const(0x40010508)
_CONFIG = const(0x4001050C)
_RR = const(0x40010600)
_RELOAD = 0x6E524635
_CHANNELS = const(8)
_HZ = const(32_768)
_RUN_IN_SLEEP = const(1)
_CRV_MIN = const(15)

#: CRV has 32 bits: 36 hours.
WATCHDOG_MAX_MS = 131_072_000


class Watchdog:
    """Runs from here on, in sleep too. The driver has checked the timeout.

    The chip keeps the timeout that it was started with, by a bootloader perhaps, until the next
    reset: another one raises ValueError.
    """

    def __init__(self, timeout_ms):
        # (CRV + 1) / 32768 s; two parts, since the product may be too long for 31 bits.
        seconds, ms = divmod(timeout_ms, 1000)
        count = max(seconds * _HZ + (ms * _HZ + 999) // 1000 - 1, _CRV_MIN)
        if mem32[_RUNSTATUS] & 1:
            runs = mem32[_CRV]
            if runs != count:
                raise ValueError(
                    "the watchdog runs with %d ms until the next reset"
                    % ((runs + 1) * 1000 // _HZ)
                )
        else:
            mem32[_CONFIG] = _RUN_IN_SLEEP
            mem32[_CRV] = count
            mem32[_RREN] = 1
            mem32[_START] = 1
        # All that whoever started it has enabled. Addresses are numbers on the heap: made here once.
        enabled = mem32[_RREN]
        self._requests = [_RR + 4 * n for n in range(_CHANNELS) if enabled >> n & 1]
        self.feed()

    def feed(self):
        """Start the count anew. Context: any."""
        for request in self._requests:
            mem32[request] = _RELOAD
