"""Copying bytes without allocating, in machine code; the same as _plainfill."""

import micropython


@micropython.viper
def copy(dest, src, n: int):
    """dest[:n] = src[:n]. Both have n bytes. Context: any."""
    d = ptr8(dest)  # noqa: F821
    s = ptr8(src)  # noqa: F821
    for i in range(n):
        d[i] = s[i]


@micropython.viper
def fill(dest, first: int, value: int):
    """Set dest[first:] to the byte. Context: any."""
    d = ptr8(dest)  # noqa: F821
    for i in range(first, int(len(dest))):
        d[i] = value
