"""Copying bytes without allocating, where the processor runs no native code."""


def copy(dest, dest_at, source, source_at, n):
    """dest[dest_at : dest_at + n] = source[source_at : source_at + n]; both places are there."""
    for i in range(n):
        dest[dest_at + i] = source[source_at + i]
