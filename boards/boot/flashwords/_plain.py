"""Words of flash, for boards without machine code; words above 2**30 take heap for a moment."""

from machine import mem8, mem32

_TRIES = 100_000  # a word takes some 100 us at most


def copy(addr, buf, n):
    """Fill n bytes of buf from addr on."""
    for i in range(n):
        buf[i] = mem8[addr + i]


def program(addr, buf, start, n, status, mask, ready):
    """Write n bytes of buf from start, a multiple of 4, each word when the flash is ready.

    status: the register that tells; it is ready when it is `ready` in the bits of the mask.
    Returns whether it always got ready; if not, the rest is not written.
    """
    for i in range(start, start + n, 4):
        mem32[addr] = buf[i] | buf[i + 1] << 8 | buf[i + 2] << 16 | buf[i + 3] << 24
        tries = _TRIES
        while mem32[status] & mask != ready:
            tries -= 1
            if not tries:
                return False
        addr += 4
    return True
