"""Watchdog: over machine.WDT. The hardware can be stopped, which MicroPython's class cannot do."""

from machine import WDT, mem32
from micropython import const

#: 2**32 - 1 ticks of 25 MHz.
WATCHDOG_MAX_MS = 171798

# CMSDK watchdog (Arm DDI 0479, table 4-13): WDOGLOAD, WDOGCONTROL, WDOGINTCLR, WDOGLOCK and what
# unlocks it.
_LOAD = const(0x40008000)
_CONTROL = const(0x40008008)
_CLEAR = const(0x4000800C)
_LOCK = const(0x40008C00)
_UNLOCK = const(0x1ACCE551)


class Watchdog:
    """Runs from here on. The driver has checked the timeout."""

    def __init__(self, timeout_ms):
        self._wdt = WDT(timeout=timeout_ms)
        self.feed = self._wdt.feed

    def stop(self):
        """No reset any more."""
        mem32[_LOCK] = _UNLOCK
        mem32[_CONTROL] = 0
        # QEMU counts on without it, and once it has been through twice the next start resets at
        # once. There is nothing to count from zero.
        mem32[_LOAD] = 0
        mem32[_CLEAR] = 1
        mem32[_LOCK] = 0
