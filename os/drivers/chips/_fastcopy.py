"""Copy and fill in machine code. The twin for boards without it is _plaincopy."""

import micropython

# ruff: noqa: F821


@micropython.viper
def copy(dest, dest_at: int, source, source_at: int, n: int):
    to = ptr8(dest)
    from_ = ptr8(source)
    for i in range(n):
        to[dest_at + i] = from_[source_at + i]


@micropython.viper
def fill(dest, at: int, n: int, value: int):
    to = ptr8(dest)
    for i in range(at, at + n):
        to[i] = value
