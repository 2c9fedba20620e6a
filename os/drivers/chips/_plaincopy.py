"""The twin of _fastcopy for boards without native code, and for CPython."""


def copy(dest, dest_at, source, source_at, n):
    """Copy n bytes. The caller has checked that both buffers have them; nothing is allocated."""
    for i in range(n):
        dest[dest_at + i] = source[source_at + i]


def fill(dest, at, n, value):
    """Set n bytes to value."""
    for i in range(at, at + n):
        dest[i] = value
