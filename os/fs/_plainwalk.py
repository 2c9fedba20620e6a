"""Going through a TDBStore's log record by record, without native code. Twin: _fastwalk.py.

Only simple records are dealt with here: good headers without DELETE, LOST, STREAMED.
"""

import struct
from binascii import crc32

from ._plaintdb import parse, sealed


def ferry(state, out, data, table):
    """Copy records that count from data to out, and pass over those that do not: which table does not know.

    It begins at data[state[32]], and ends there where state[32] is then; table has the new places. state[30] is
    the address of data[0], state[31] its offset in the area, state[33] where in data the log ends, state[34] the
    end of what counts in data, state[37] the generation; state[38:42] address of out[0], its offset in its area,
    room in out, generation. Returns how many bytes are in out; state[42] is 0 if data ends before it is clear
    what is next, 1 if that does not fit, 2 if it is something else, such as a place without a valid header.
    """
    _, addrs, mask = table
    at = state[32]
    done = 0
    while True:
        state[17] = state[37]
        body = _simple(state, data, at)
        why = body
        if body < 3:
            break
        whole = body + state[27]
        addr = state[30] + at
        slot = state[22] & mask
        while addrs[slot] and addrs[slot] != addr:
            slot = (slot + 1) & mask
        if addrs[slot]:
            why = 0
            if at + body > state[34]:
                break
            why = 1
            if done + whole > state[40]:
                break
            state[17] = state[41]
            state[18] = state[39] + done
            _copy(state, memoryview(out)[done : done + whole], memoryview(data)[at:], body)
            addrs[slot] = state[38] + done
            done += whole
        at += whole
    state[42] = why
    return done


def _copy(state, out, data, body):
    """Have out be a copy of the simple record at data, whose header was parsed last."""
    size = 24 + state[20] + state[21]
    out[:size] = data[:size]
    out[size:] = bytes((state[28],)) * (len(out) - size)
    sealed(state, out, 0, 20)
    struct.pack_into("<I", out, 20, state[0])
    struct.pack_into("<HHIII", out, body, 0x5452, state[19], body, state[22], state[23])
    sealed(state, out, body, 16)
    struct.pack_into("<I", out, body + 16, state[0])


def _simple(state, data, at):
    """The bytes, without trailer, of the simple record in data[at:], which may go beyond it; 0, 2: as state[42] of ferry()."""
    state[32] = at
    if at + 24 > state[34]:
        return 0
    state[18] = state[31] + at
    if not sealed(state, data, at, 20) or not parse(state, data, at):
        return 2
    body = 24 + state[20] + state[21]
    body += -body % state[26]
    return 2 if state[19] & 14 or at + body + state[27] > state[33] else body


def gather(state, data, table):
    """Enter records into table, from data[state[32]] on, that are good and the first ones with their tags.

    Returns 0: data ends before it is clear what is here; 2: here is something else; 3: here is one, good and whole,
    but table has its tag; 4: table is full. state[30:35] is as for ferry(), but the generation in
    state[17]. state[35], of entries that there is
    room for, goes down, state[36], of bytes in records that were entered, up.
    """
    tags, addrs, mask = table
    view = memoryview(data)
    at = state[32]
    while True:
        body = _simple(state, data, at)
        if body < 3:
            return body
        if at + body > state[34]:
            return 0
        value = at + 24 + state[20]
        if (
            crc32(view[at + 24 : value]) != state[22]
            or crc32(view[value : value + state[21]]) != state[23]
        ):
            return 2
        tag = state[22] & 0xFFFF
        slot = tag & mask
        while addrs[slot]:
            if tags[slot] == tag:
                state[25] = slot
                return 3
            slot = (slot + 1) & mask
        if not state[35]:
            return 4
        state[35] -= 1
        tags[slot] = tag
        addrs[slot] = state[30] + at
        body += state[27]
        state[36] += body
        at += body


def follows(state, data, old):
    """Whether old, of a chunk's length, is the record of the same key as that at data[state[32]], parsed last.

    Returns the bytes of the old one; 0: it has another key, or no valid header for state[17:19], or is STREAMED.
    """
    n = state[20]
    at = state[32]
    magic, flags, key_len, _, size = struct.unpack_from("<HHHHI", old)
    if 24 + n > state[29] or not sealed(state, old, 0, 20):
        return 0
    if magic != 0x4852 or flags > 1 or key_len != n or size > 0x3FFFFFFF:
        return 0
    if memoryview(old)[24 : 24 + n] != memoryview(data)[at + 24 : at + 24 + n]:
        return 0
    n += 24 + size
    return n + -n % state[26] + state[27]
