"""FlashMemory: the part of the PSRAM for updates, which behaves as NOR flash does.

It lasts as long as the board's disk file: over every reset, and over the end of the emulator.
"""

from errno import EIO

import micropython
from micropython import const

# docs/adr/0001-platform.md; the last 4 KB of that part are left out, since board host keeps its
# memory that survives a reset there.
_START = const(0x21C00000)
_SIZE = const(0x3EF000)
_SECTOR = const(4096)
_PAGE = const(8)
_ERASED = const(0xFF)


# Addresses are multiples of four, and so are lengths where it matters.
@micropython.viper
def _copy(addr: int, buf, n: int):
    if n:
        buf[0] = buf[0]  # TypeError if it cannot be written to: a pointer does not ask
    source = ptr8(addr)  # noqa: F821
    to = ptr8(buf)  # noqa: F821
    for i in range(n):
        to[i] = source[i]


@micropython.viper
def _clear_bits(addr: int, buf, start: int, n: int) -> int:
    """Returns the bits that would have had to be set."""
    cells = ptr32(addr)  # noqa: F821
    wanted = ptr32(int(ptr8(buf)) + start)  # noqa: F821
    missing = 0
    for i in range(n >> 2):
        cell = cells[i]
        want = wanted[i]
        missing |= want & (cell ^ -1)
        cells[i] = cell & want
    return int(missing != 0)


@micropython.viper
def _fill(addr: int, n: int):
    cells = ptr32(addr)  # noqa: F821
    for i in range(n >> 2):
        cells[i] = -1


class FlashMemory:
    """The flash of the board. The driver has checked what it passes on."""

    start = _START
    size = _SIZE
    page_size = _PAGE
    erase_value = _ERASED

    def sector_size(self, addr):
        """Of the sector that holds addr."""
        return _SECTOR

    def read(self, addr, buf):
        """Fill buf."""
        _copy(addr, buf, len(buf))

    def program(self, addr, buf, start, n):
        """Write n bytes of buf from start: whole pages. OSError(EIO): they were not erased."""
        if _clear_bits(addr, buf, start, n):
            raise OSError(EIO, "flash at 0x%08x is not erased" % addr)

    def erase(self, addr):
        """Erase the sector that begins there."""
        _fill(addr, _SECTOR)
