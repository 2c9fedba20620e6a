"""Copying bytes in machine code, by words where it can be. The twin without it is _plaincopy."""

import micropython

# ruff: noqa: F821


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
