"""Copying bytes without allocating, where the processor runs no native code."""


def copy(dest, src, n):
    """dest[:n] = src[:n]. Both have n bytes. Context: any."""
    for i in range(n):
        dest[i] = src[i]


def fill(dest, first, value):
    """Set dest[first:] to the byte. Context: any."""
    for i in range(first, len(dest)):
        dest[i] = value
