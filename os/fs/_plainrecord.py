"""What a TDBStore does with whole records, where the processor runs no native code. Twin: _fastrecord.py."""

import struct
from binascii import crc32
from errno import EIO

from rtos.core import lock, unlock

from ._plaintdb import key_size, parse, sealed, stamp


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


def draft(desk, key, value, flags):
    """Make a record in out, but for its trailer, and that in tail; returns how long the first one is.

    desk: state, out, tail, of which the latter two begin at words.

    0: longer than a chunk. It is for the place in state[17:19] and for the key that find() has looked for
    last, whose CRC is in state[0] still.
    """
    state, out, tail = desk
    key = key.encode()
    end = 24 + len(key) + len(value)
    whole = end + -end % state[26]
    if whole > state[29]:
        return 0
    key_hash, value_crc = state[0], crc32(value)
    struct.pack_into(
        "<HHHHIII", out, 0, 0x4852, flags, len(key), 0, len(value), key_hash, value_crc
    )
    struct.pack_into("<HHIII", tail, 0, 0x5452, flags, whole, key_hash, value_crc)
    stamp(state, out, tail)
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
