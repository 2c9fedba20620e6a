"""CRC registers in plain Python: the twin of _fastcrc.py, for boards and computers without it.

state has one word more: how far left the upper half byte of the register lies.

Where integers have 30 bits, a CRC wider than that makes garbage; that of CRC-32 is then left to
MicroPython's own, where the firmware has it.
"""

from micropython import const

try:
    from binascii import crc32
except ImportError:
    crc32 = None

_WIDTH_MIN = const(8)
_SHIFT = const(17)
_ANSI_TABLE_END = const(0xBDBDF21C)  # what only the table of CRC-32 ends with


def register_bits(width):
    """How many bits wide the register is, in which a CRC that is not reflected lies on the left."""
    return max(width, _WIDTH_MIN)


def remainder(state, align):
    """The register, without so many of its lower bits."""
    return state[0] >> align


def update_forward(state, data, start, n):
    register = state[0]
    up = state[_SHIFT]  # to the upper half byte of the register
    mask = (16 << up) - 1
    for i in range(start, start + n):
        register ^= data[i] << (up - 4)
        register = state[1 + (register >> up)] ^ (register << 4 & mask)
        register = state[1 + (register >> up)] ^ (register << 4 & mask)
    state[0] = register


def update_reflected(state, data, start, n):
    if crc32 is not None and state[16] == _ANSI_TABLE_END:
        if start or n != len(data):
            data = memoryview(data)[start : start + n]
        # Not a constant: frozen ones of more than 30 bits are objects, and so are their results.
        ones = (16 << state[_SHIFT]) - 1
        state[0] = crc32(data, state[0] ^ ones) ^ ones
        return
    register = state[0]
    for i in range(start, start + n):
        register ^= data[i]
        register = state[1 + (register & 15)] ^ register >> 4
        register = state[1 + (register & 15)] ^ register >> 4
    state[0] = register
