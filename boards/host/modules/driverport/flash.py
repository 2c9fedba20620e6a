"""FlashMemory: the part of the disk for updates, which behaves as NOR flash does.

It lasts as long as the board's disk file.
"""

from errno import EIO

import host
from micropython import const

# docs/adr/0001-platform.md: where board mps2 has it; the last 4 KB survive a reset, board.noinit().
_START = const(0x21C00000)
_OFFSET = const(0xC00000)  # on the disk
_SIZE = const(0x3EF000)
_SECTOR = const(4096)
_PAGE = const(8)
_ERASED = const(0xFF)


class FlashMemory:
    """The flash of the board. The driver has checked what it passes on."""

    start = _START
    size = _SIZE
    page_size = _PAGE
    erase_value = _ERASED

    def __init__(self):
        self._flash = host.Flash(_OFFSET, _SIZE)
        self._page = bytearray(_PAGE)
        self._erased = b"\xff" * _SECTOR

    def sector_size(self, addr):
        """Of the sector that holds addr."""
        return _SECTOR

    def read(self, addr, buf):
        """Fill buf."""
        addr -= _START
        self._flash.readblocks(addr // _SECTOR, buf, addr % _SECTOR)

    def program(self, addr, buf, start, n):
        """Write n bytes of buf from start: whole pages. OSError(EIO): they were not erased."""
        page = self._page
        missing = 0
        at = addr - _START
        for i in range(start, start + n, _PAGE):
            block, offset = at // _SECTOR, at % _SECTOR
            self._flash.readblocks(block, page, offset)
            for j in range(_PAGE):
                missing |= buf[i + j] & ~page[j]
                page[j] &= buf[i + j]
            self._flash.writeblocks(block, page, offset)
            at += _PAGE
        if missing:
            raise OSError(EIO, "flash at 0x%08x is not erased" % addr)

    def erase(self, addr):
        """Erase the sector that begins there."""
        self._flash.writeblocks((addr - _START) // _SECTOR, self._erased)
