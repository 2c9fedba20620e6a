"""Words of flash in machine code, which takes no heap; _plain does the same."""

import micropython


@micropython.viper
def copy(addr: int, buf, n: int):
    if n:
        buf[0] = buf[0]  # TypeError if it cannot be written to: a pointer does not ask
    source = ptr8(addr)
    to = ptr8(buf)
    for i in range(n):
        to[i] = source[i]


@micropython.viper
def program(addr: int, buf, start: int, n: int, status: int, mask: int, ready: int) -> bool:
    data = ptr8(buf)
    cells = ptr32(addr)
    state = ptr32(status)
    for i in range(n >> 2):
        at = start + (i << 2)
        cells[i] = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        tries = 10000000  # some hundred ms
        while (state[0] & mask) != ready:
            tries -= 1
            if tries == 0:
                return False
    return True
