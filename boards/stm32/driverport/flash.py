"""FlashMemory: the part of the chip's own flash that the board leaves to programs.

F4: RM0090 3.6 and 3.9; F7: RM0410 3.3 and 3.7; L4: RM0351 3.3 and 3.7. Their registers differ in numbers only,
which the board's chip has. The core stands still while the bank that it runs from is busy. On F7 its data cache
may still have what was there before: its lines are dropped (ARMv7-M Architecture Reference Manual B2.2.7).
"""

from errno import EIO
from time import ticks_diff, ticks_us

from board import FLASH, chip
from driverlacks import lacks
from flashwords import copy, program
from machine import disable_irq, enable_irq, mem8, mem16, mem32
from micropython import const

_EROFS = const(30)  # not in MicroPython's errno
_ERASED = const(0xFF)
# FLASH_KEYR
_KEY1 = 0x45670123
_KEY2 = 0xCDEF89AB
# FLASH_CR
_STRT = const(1 << 16)
_LOCK = 1 << 31
_LOCKED = const(1 << 15)  # LOCK in the upper half, which is read alone: the word takes heap
_CR_HIGH = chip.FLASH_CR + 2
# FLASH_SR
_EOP = const(1)
_BSY = const(1 << 16)
# FLASH_ACR
_DCEN = const(1 << 10)
_ICEN = const(1 << 9)
_ICRST = const(1 << 11)
_DCRST = const(1 << 12)
# Cortex-M7: lines of the data cache by address.
_DCIMVAC = 0xE000EF5C
_LINE = const(32)
_BUSY_US = 30_000_000  # more than a sector of 256 KB takes


class _FlashMemory:
    """The flash of the board. The driver has checked what it passes on."""

    start, size = FLASH
    page_size = chip.FLASH_PAGE
    erase_value = _ERASED

    def sector_size(self, addr):
        """Of the sector that holds addr."""
        return chip.sector_size(addr)

    def read(self, addr, buf):
        """Fill buf."""
        copy(addr, buf, len(buf))

    def program(self, addr, buf, start, n):
        """Write n bytes of buf from start: whole pages. OSError(EIO): they were not erased."""
        # F4 would clear bits and say nothing; L4 refuses whatever is not erased, by PROGERR.
        for i in range(n):
            if buf[start + i] & ~mem8[addr + i]:
                raise OSError(EIO, "flash at 0x%08x is not erased" % (addr + i))
        cache = self._begin()
        try:
            mem32[chip.FLASH_CR] = chip.FLASH_PROGRAM
            if not program(addr, buf, start, n, chip.FLASH_SR, _BSY, 0):
                self._ready()
        finally:
            self._end(cache)
            self._forget(addr, n)
        self._check(addr)

    def erase(self, addr):
        """Erase the sector that begins there."""
        command = chip.erase_command(addr, mem16[chip.FLASH_SIZE], mem32)
        cache = self._begin()
        try:
            mem32[chip.FLASH_CR] = command
            mem32[chip.FLASH_CR] = command | _STRT
            self._ready()
        finally:
            self._end(cache)
            self._forget(addr, chip.sector_size(addr))
        self._check(addr)

    def _begin(self):
        """Unlock the flash, and switch its data cache off. Returns what _end() gets."""
        self._ready()
        if mem16[_CR_HIGH] & _LOCKED:
            state = disable_irq()  # nothing may come between the keys
            mem32[chip.FLASH_KEYR] = _KEY1
            mem32[chip.FLASH_KEYR] = _KEY2
            enable_irq(state)
        mem32[chip.FLASH_SR] = chip.FLASH_ERRORS | _EOP  # flags go by writing ones
        cache = mem32[chip.FLASH_ACR]
        if chip.FLASH_CACHES:
            mem32[chip.FLASH_ACR] = cache & ~_DCEN
        return cache

    def _end(self, cache):
        """Lock it, and let the caches forget what was there before."""
        mem32[chip.FLASH_CR] = 0
        mem32[chip.FLASH_CR] = _LOCK
        if not chip.FLASH_CACHES:
            return
        # A cache can be reset only while it is off.
        off = cache & ~(_DCEN | _ICEN)
        mem32[chip.FLASH_ACR] = off
        mem32[chip.FLASH_ACR] = off | _DCRST | _ICRST
        mem32[chip.FLASH_ACR] = off
        mem32[chip.FLASH_ACR] = cache

    def _ready(self):
        """Wait for the end of what is under way. OSError(EIO): it does not come."""
        begun = ticks_us()
        while mem32[chip.FLASH_SR] & _BSY:
            if ticks_diff(ticks_us(), begun) > _BUSY_US:
                raise OSError(EIO, "the flash stays busy: FLASH_SR 0x%x" % mem32[chip.FLASH_SR])

    def _forget(self, addr, n):
        if not chip.FLASH_CACHES:
            for line in range(addr & ~(_LINE - 1), addr + n, _LINE):
                mem32[_DCIMVAC] = line

    def _check(self, addr):
        status = mem32[chip.FLASH_SR] & chip.FLASH_ERRORS
        if status & chip.FLASH_PROTECTED:
            raise OSError(_EROFS, "flash at 0x%08x is write-protected" % addr)
        if status:
            raise OSError(EIO, "flash at 0x%08x failed: FLASH_SR 0x%x" % (addr, status))


#: H7 and WB have it otherwise.
FlashMemory = _FlashMemory if chip.FLASH_CR else lacks("FlashIAP")
