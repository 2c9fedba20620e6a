"""Which part of a W25Q flash chip its status registers protect.

The tables "Status Register Memory Protection" of the data sheets of W25Q128JV, W25Q64JV and W25Q256JV.
"""

from micropython import const

# Status register 1.
_BP = const(0x1C)  # chips up to 16 MB: BP2..BP0, then TB, SEC
_TB = const(0x20)
_SEC = const(0x40)
_BP4 = const(0x3C)  # larger ones: BP3..BP0, then TB
_TB4 = const(0x40)
# Status register 2.
CMP = const(0x40)

_64K = const(1 << 16)
_16M = const(1 << 24)


def mask(size):
    """The bits of status register 1 that choose the part."""
    return _BP4 | _TB4 if size > _16M else _BP | _TB | _SEC


def protected(size, status1, status2):
    """(first, end) of the part of a chip of `size` bytes that cannot be written."""
    if size > _16M:
        level = (status1 & _BP4) >> 2
        bottom = status1 & _TB4
        length = min(_64K << level - 1, size) if level else 0
    else:
        level = (status1 & _BP) >> 2
        bottom = status1 & _TB
        if level in (0, 7):
            length = size if level else 0
        elif status1 & _SEC:
            length = 4096 << min(level - 1, 3)
        else:
            length = min(max(_64K, size >> 6) << level - 1, size)
    first, end = (0, length) if bottom else (size - length, size)
    if status2 & CMP:
        # All but that part.
        return (length, size) if bottom else (0, size - length)
    return first, end


def bits_for(size, first, end):
    """(bits of status register 1, CMP or 0) that protect just first..end. ValueError if none do."""
    if first == end:
        return 0, 0
    for cmp in (0, CMP):
        for code in range(0, 128, 4):
            bits = code & mask(size)
            if bits == code and protected(size, bits, cmp) == (first, end):
                return bits, cmp
    raise ValueError(
        "no setting protects just %d..%d: use a power of two at either end, or all but one"
        % (first, end)
    )
