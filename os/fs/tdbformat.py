"""The bytes of a TDBStore that are not in its log, and the numbers of its format: docs/spec/tdbstore.md.

Pure: bytes to values and back.
"""

import struct
from array import array
from binascii import crc32

from micropython import const

VERSION = const(1)
MASTER_SIZE = const(32)
HEADER_SIZE = const(24)
TRAILER_SIZE = const(20)
KEY_CHARS_MAX = const(128)
KEY_SIZE_MAX = const(512)

WRITE_ONCE = const(1)
DELETE = const(2)
STREAMED = const(4)
LOST = const(8)

_MAGIC = b"CoilTDB\0"
_MASTER = "<8sHHIIII"
_CRC_AT = const(28)
_HALF_BYTES = const(16)
_STATE_WORDS = const(43)
_POLYNOMIAL = 0xEDB88320  # CRC-32, lowest bit first


def up(n, unit):
    """n, rounded up to a multiple of unit."""
    return n + -n % unit


def area_size(size, erase_size):
    """Bytes of each area of a device with so many bytes."""
    half = size // 2
    return half - half % erase_size


def pack_master(area, generation, size, program_size, erased):
    """A master record: 32 bytes."""
    data = struct.pack(_MASTER, _MAGIC, VERSION, area, generation, size, program_size, erased)
    return data + struct.pack("<I", crc32(data))


def parse_master(data):
    """(version, area, generation, area_size, program_size, erased); None: it is not valid."""
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        return None
    if crc32(data[:_CRC_AT]) != struct.unpack_from("<I", data, _CRC_AT)[0]:
        return None
    return struct.unpack_from(_MASTER, data, 0)[1:]


def new_state(unit=1, erased=0xFF, chunk_size=128):
    """What the functions of _fasttdb and _plaintdb take as their state.

    unit: program_size of the device. erased: what an erased byte is there.
    """
    state = array("I", [0] * _STATE_WORDS)
    state[26] = unit
    state[27] = up(TRAILER_SIZE, unit)
    state[28] = erased
    state[29] = chunk_size
    for i in range(_HALF_BYTES):
        rest = i
        for _ in range(4):
            rest = rest >> 1 ^ (_POLYNOMIAL if rest & 1 else 0)
        state[1 + i] = rest
    return state
