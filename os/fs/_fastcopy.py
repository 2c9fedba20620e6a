"""Copying bytes in machine code, by words where it can be. The twin without it is _plaincopy."""

import micropython

# ruff: noqa: F821
_len = len  # found at once: what is built in is looked for last
_type = type
_bytes = bytes


@micropython.viper
def copy(dest, dest_at: int, source, source_at: int, n: int):
    to = int(ptr8(dest)) + dest_at
    from_ = int(ptr8(source)) + source_at
    if not (to ^ from_) & 3:
        while n and to & 3:
            ptr8(to)[0] = ptr8(from_)[0]
            to += 1
            from_ += 1
            n -= 1
        while n >= 16:
            to32 = ptr32(to)
            from32 = ptr32(from_)
            to32[0] = from32[0]
            to32[1] = from32[1]
            to32[2] = from32[2]
            to32[3] = from32[3]
            to += 16
            from_ += 16
            n -= 16
    to8 = ptr8(to)
    from8 = ptr8(from_)
    i = 0
    while i < n:
        to8[i] = from8[i]
        i += 1


@micropython.viper
def transfer(memory, addr: int, buf, unit: int, write: int) -> int:
    """Copy buf to memory[addr:], or if not write the other way; whether there was anything to copy.

    0 also: that is not all in memory, addr and length are not multiples of unit, or buf would be written
    to and is a bytes object; then nothing is done.
    """
    if not write and _type(buf) is _bytes:
        return 0
    n = int(_len(buf))
    if n <= 0 or addr < 0 or addr + n > int(_len(memory)):
        return 0
    if unit != 1 and (addr % unit or n % unit):
        return 0
    to = int(ptr8(buf))
    from_ = int(ptr8(memory)) + addr
    if write:
        addr = to
        to = from_
        from_ = addr
    if not (to | from_) & 3:
        while n >= 16:
            to32 = ptr32(to)
            from32 = ptr32(from_)
            to32[0] = from32[0]
            to32[1] = from32[1]
            to32[2] = from32[2]
            to32[3] = from32[3]
            to += 16
            from_ += 16
            n -= 16
        while n >= 4:
            ptr32(to)[0] = ptr32(from_)[0]
            to += 4
            from_ += 4
            n -= 4
    to8 = ptr8(to)
    from8 = ptr8(from_)
    i = 0
    while i < n:
        to8[i] = from8[i]
        i += 1
    return 1


@micropython.viper
def fill(memory, addr: int, n: int, value: int):
    """Let memory[addr : addr + n] be value; all of it is there."""
    at = int(ptr8(memory)) + addr
    end = at + n
    while at < end and at & 3:
        ptr8(at)[0] = value
        at += 1
    word = value | value << 8
    word |= word << 16
    while at + 16 <= end:
        to = ptr32(at)
        to[0] = word
        to[1] = word
        to[2] = word
        to[3] = word
        at += 16
    while at < end:
        ptr8(at)[0] = value
        at += 1
