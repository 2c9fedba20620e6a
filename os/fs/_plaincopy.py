"""Copying bytes without allocating, where the processor runs no native code."""


def copy(dest, dest_at, source, source_at, n):
    """dest[dest_at : dest_at + n] = source[source_at : source_at + n]; both places are there."""
    for i in range(n):
        dest[dest_at + i] = source[source_at + i]


def transfer(memory, addr, buf, unit, write):
    """Copy buf to memory[addr:], or if not write the other way; whether there was anything to copy.

    0 also: that is not all in memory, addr and length are not multiples of unit, or buf would be written
    to and is a bytes object; then nothing is done.
    """
    if not write and type(buf) is bytes:
        return 0
    n = len(buf)
    if not n or addr < 0 or addr + n > len(memory) or addr % unit or n % unit:
        return 0
    if write:
        copy(memory, addr, buf, 0, n)
    else:
        copy(buf, 0, memory, addr, n)
    return 1


def fill(memory, addr, n, value):
    """Let memory[addr : addr + n] be value; all of it is there."""
    for i in range(addr, addr + n):
        memory[i] = value
