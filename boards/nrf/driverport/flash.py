"""FlashMemory: the part of the chip's own flash that the board leaves to programs.

Registers: nRF52840 PS 4.3.9, NVMC. The core stands still meanwhile: 85 ms for a page. Not for programs
beside a SoftDevice, which has the NVMC to itself.
"""

from errno import EIO

from board import FLASH
from flashwords import copy, program
from machine import mem8, mem32
from micropython import const

_READY = const(0x4001E400)
_CONFIG = const(0x4001E504)
_ERASEPAGE = const(0x4001E508)
_READ = const(0)
_WRITE = const(1)
_ERASE = const(2)
_SECTOR = const(4096)
_WORD = const(4)
_ERASED = const(0xFF)
_TRIES = 100_000  # the core stands still for most of the time
_STUCK = "the flash controller does not get ready"


class FlashMemory:
    """The flash of the board. The driver has checked what it passes on."""

    start, size = FLASH
    page_size = _WORD
    erase_value = _ERASED

    def sector_size(self, addr):
        """Of the page that holds addr."""
        return _SECTOR

    def read(self, addr, buf):
        """Fill buf."""
        copy(addr, buf, len(buf))

    def program(self, addr, buf, start, n):
        """Write n bytes of buf from start: whole words. OSError(EIO): they were not erased, or the
        flash did not take them, which the controller itself does not tell.
        """
        for i in range(n):
            if buf[start + i] & ~mem8[addr + i]:
                raise OSError(EIO, "flash at 0x%08x is not erased" % (addr + i))
        self._mode(_WRITE)
        try:
            if not program(addr, buf, start, n, _READY, 1, 1):
                raise OSError(EIO, _STUCK)
        finally:
            self._mode(_READ)
        for i in range(n):
            if mem8[addr + i] & ~buf[start + i]:
                raise OSError(EIO, "flash at 0x%08x keeps 0x%02x" % (addr + i, mem8[addr + i]))

    def erase(self, addr):
        """Erase the page that begins there. OSError(EIO): it is not, it may be protected."""
        self._mode(_ERASE)
        try:
            mem32[_ERASEPAGE] = addr
        finally:
            self._mode(_READ)
        for i in range(_SECTOR):
            if mem8[addr + i] != _ERASED:
                raise OSError(EIO, "flash at 0x%08x is not erased: is it protected?" % (addr + i))

    def _mode(self, mode):
        self._ready()
        mem32[_CONFIG] = mode
        self._ready()

    def _ready(self):
        for _ in range(_TRIES):
            if mem32[_READY] & 1:
                return
        raise OSError(EIO, _STUCK)
