"""What a TDBStore does with bytes, where the processor runs no native code. Twin: _fasttdb.py.

Where integers have 30 bits, CRCs above that are allocated for a moment; so is an encoded key.
"""

import struct
from binascii import crc32
from errno import EIO

from rtos.core import lock, unlock

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


def find(state, key, table):
    """The address of the first record with the tag of that key; 0: there is none; -1: it is no key.

    table: of an index. state[0] is the key's CRC, state[24] its bytes, state[25] the slot then.
    """
    if not isinstance(key, str) or not 0 < len(key) <= 128:
        return -1
    key = key.encode()
    n = key_size(key, 0)
    if not n:
        return -1
    state[0] = value = crc32(key)
    state[24] = n
    tags, addrs, mask = table
    tag = value & 0xFFFF
    slot = tag & mask
    while addrs[slot] and tags[slot] != tag:
        slot = (slot + 1) & mask
    state[25] = slot
    return addrs[slot]


def take(state, data, key, n):
    """See whether data, n bytes of the medium, is the record of the key that find() has looked for.

    Returns where its value is, with the CRC that it has to have; ~ of that: the header and the key are
    right, but the value is not, or not all there, or not to be had so; 0: neither.
    state[19:24] has the header's fields unless it is 0; state[0] stays. data begins at a word.
    """
    key_hash = state[0]
    good = sealed(state, data, 0, 20)
    state[0] = key_hash
    if not good or not parse(state, data, 0):
        return 0
    at = 24 + state[24]
    if state[20] != state[24] or at > n or data[24:at] != key.encode():
        return 0
    end = at + state[21]
    if state[19] & 14 or end > n or crc32(memoryview(data)[at:end]) != state[23]:
        return ~at
    return at


def extent(state):
    """The bytes of the record whose header was parsed last."""
    unit, slot = state[26], state[27]
    n = 24 + state[20] + state[21]
    n += -n % unit + slot
    return n + slot if state[19] & 4 else n


def draft(state, out, tail, key, value, flags):
    """Make a record in out, but for its trailer, and that in tail; returns how long the first one is.

    0: longer than a chunk. It is for the place in state[17:19] and for the key that find() has looked for
    last, whose CRC is in state[0] still. out and tail begin at words.
    """
    key = key.encode()
    end = 24 + len(key) + len(value)
    whole = end + -end % state[26]
    if whole > state[29]:
        return 0
    key_hash, value_crc = state[0], crc32(value)
    struct.pack_into(
        "<HHHHIII", out, 0, 0x4852, flags, len(key), 0, len(value), key_hash, value_crc
    )
    sealed(state, out, 0, 20)
    struct.pack_into("<I", out, 20, state[0])
    struct.pack_into("<HHIII", tail, 0, 0x5452, flags, whole, key_hash, value_crc)
    sealed(state, tail, 0, 16)
    struct.pack_into("<I", tail, 16, state[0])
    memoryview(out)[24:whole] = key + value + bytes((state[28],)) * (whole - end)
    return whole


def alike(a, b, n):
    """Whether the first n bytes of a and b, which begin at words, are the same."""
    return memoryview(a)[:n] == memoryview(b)[:n]


def locked(function, store, key):
    """function(store, key), and no thread gets in between."""
    lock()
    try:
        return function(store, key)
    finally:
        unlock()


def locked_set(quick, otherwise, store, key, value, flags):
    """quick(store, key, value, flags), and if that is False or raises OSError(EIO), otherwise(…); as locked()."""
    lock()
    try:
        try:
            done = quick(store, key, value, flags)
        except OSError as error:
            if error.errno != EIO:
                raise error
            done = False
        if not done:
            otherwise(store, key, value, flags)
    finally:
        unlock()
