"""Words of flash in machine code, which takes no heap; _plainwords does the same."""

import micropython


@micropython.viper
def copy(addr: int, buf, n: int):
    source = ptr8(addr)  # noqa: F821
    to = ptr8(buf)  # noqa: F821
    for i in range(n):
        to[i] = source[i]


@micropython.viper
def program(addr: int, buf, start: int, n: int, status: int, mask: int, ready: int):
    data = ptr8(buf)  # noqa: F821
    cells = ptr32(addr)  # noqa: F821
    state = ptr32(status)  # noqa: F821
    for i in range(n >> 2):
        at = start + (i << 2)
        cells[i] = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        while (state[0] & mask) != ready:
            pass
