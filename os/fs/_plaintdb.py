"""What a TDBStore does with bytes, where the processor runs no native code. Twin: _fasttdb.py.

Where integers have 30 bits, CRCs above that are allocated for a moment; so is an encoded key.
"""

import struct
from binascii import crc32

_GENERATION = 17
_BAD = b'*/?:;"|<>\\'


def crc(state, data, start, n):
    """Let state[0], the CRC of what came before, 0 at first, be that with data[start:start + n]."""
    if start or n != len(data):
        data = memoryview(data)[start : start + n]
    state[0] = crc32(data, state[0])


def sealed(state, data, at, n):
    """Whether behind data[at:at + n] is the CRC of generation, offset and that; state[0] is it."""
    place = struct.pack("<II", state[_GENERATION], state[_GENERATION + 1])
    state[0] = crc32(memoryview(data)[at : at + n], crc32(place))
    return struct.unpack_from("<I", data, at + n)[0] == state[0]


def stamp(state, head, tail):
    """Let head[20:24] and tail[16:20] be the CRCs of generation, offset and what is in front of them.

    head and tail begin at words.
    """
    sealed(state, head, 0, 20)
    struct.pack_into("<I", head, 20, state[0])
    sealed(state, tail, 0, 16)
    struct.pack_into("<I", tail, 16, state[0])


def parse(state, data, at):
    """Whether data[at:at + 24], which has its CRC, is a header; state[19:24] has its fields then."""
    magic, flags, key_len, _, size, key_hash, value_crc = struct.unpack_from("<HHHHIII", data, at)
    if magic != 0x4852 or flags > 15 or key_len > 0x2FF or size > 0x3FFFFFFF:
        return 0
    state[19] = flags
    state[20] = key_len
    state[21] = size
    state[22] = key_hash
    state[23] = value_crc
    return 1


def agrees(state, field):
    """Whether the CRC in state[0] is the one in state[field]."""
    return state[0] == state[field]


def belongs(state, data, at, back):
    """Whether data[at:at + 20] has the magic of a trailer, that distance, and the header's fields.

    state[23] is its value_crc then.
    """
    magic, flags, distance, key_hash, value_crc = struct.unpack_from("<HHIII", data, at)
    if magic != 0x5452 or flags != state[19] or distance != back or key_hash != state[22]:
        return 0
    if flags & 4:
        state[23] = value_crc
    return 1


def store(state, field, data, at):
    """data[at:at + 4] = state[field]."""
    struct.pack_into("<I", data, at, state[field])


def tag_of(state, field):
    """The lower half of state[field]."""
    return state[field] & 0xFFFF


def word(data, at):
    """The number in data[at:at + 4], which is below 2**30."""
    return struct.unpack_from("<I", data, at)[0]


def same(a, at, b, start, n):
    """Whether a[at:at + n] == b[start:start + n]."""
    return memoryview(a)[at : at + n] == memoryview(b)[start : start + n]


def copy(dest, at, src, start, n):
    """dest[at:at + n] = src[start:start + n]."""
    memoryview(dest)[at : at + n] = memoryview(src)[start : start + n]


def seek(data, at, end, step):
    """The first of at, at + step, … where data begins with "RH" or "RT" before end; or -1."""
    while at + 1 < end:
        if data[at] == 0x52 and data[at + 1] in (0x48, 0x54):
            return at
        at += step
    return -1


def probe(tags, addrs, mask, tag, slot):
    """The first slot from there on with that tag; ~(an empty slot) if that comes first."""
    while addrs[slot]:
        if tags[slot] == tag:
            return slot
        slot = (slot + 1) & mask
    return ~slot


def encode(key):
    """The key as the functions above take it."""
    return key.encode()


def key_size(key, n):
    """How many bytes an encoded key of n characters has; 0 if one of them may not be in a key."""
    for c in key:
        if c <= 0x20 or c == 0x7F or c in _BAD:
            return 0
    return len(key)
