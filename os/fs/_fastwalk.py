"""Going through a TDBStore's log record by record, in machine code. Twin: _plainwalk.py. State: as of _fasttdb.

Context of all: any. Only simple records are dealt with here: good headers without DELETE, LOST, STREAMED.
"""

import micropython

from ._fasttdb import crc, parse, sealed

# ruff: noqa: F821


@micropython.viper
def ferry(state, out, data, table) -> int:
    """Copy records that count from data to out, and pass over those that do not: which table does not know.

    It begins at data[state[32]], and ends there where state[32] is then; table has the new places. state[30] is
    the address of data[0], state[31] its offset in the area, state[33] where in data the log ends, state[34] the
    end of what counts in data, state[37] the generation; state[38:42] address of out[0], its offset in its area,
    room in out, generation. Returns how many bytes are in out; state[42] is 0 if data ends before it is clear
    what is next, 1 if that does not fit, 2 if it is something else, such as a place without a valid header.
    """
    s = ptr32(state)
    a = ptr32(table[1])
    mask = int(table[2])
    unit = int(s[26])
    at = int(s[32])
    done = 0
    s[42] = 2
    while True:
        s[32] = at
        if at + 24 > int(s[34]):
            s[42] = 0
            break
        s[17] = s[37]
        s[18] = int(s[31]) + at
        if not int(sealed(state, data, at, 20)) or not int(parse(state, data, at)):
            break
        size = 24 + int(s[20]) + int(s[21])
        body = size + unit - 1
        body -= body % unit
        whole = body + int(s[27])
        if s[19] & 14 or at + whole > int(s[33]):
            break
        addr = int(s[30]) + at
        slot = int(s[22]) & mask
        while a[slot] and int(a[slot]) != addr:
            slot = (slot + 1) & mask
        if a[slot]:
            if at + body > int(s[34]):
                s[42] = 0
                break
            if done + whole > int(s[40]):
                s[42] = 1
                break
            s[17] = s[41]
            s[18] = int(s[39]) + done
            q = int(ptr8(data)) + at
            p = int(ptr8(out)) + done
            i = 0
            if not (p | q) & 3:
                while i < size - 3:
                    ptr32(p + i)[0] = ptr32(q + i)[0]
                    i += 4
            to = ptr8(p)
            from_ = ptr8(q)
            while i < size:
                to[i] = from_[i]
                i += 1
            while i < whole:
                to[i] = s[28]
                i += 1
            sealed(state, out, done, 20)
            to[20] = s[0]
            to[21] = s[0] >> 8
            to[22] = s[0] >> 16
            to[23] = s[0] >> 24
            to = ptr8(p + body)
            to[0] = 0x52
            to[1] = 0x54
            to[2] = s[19]
            to[3] = 0
            to[4] = body
            to[5] = body >> 8
            to[6] = body >> 16
            to[7] = body >> 24
            i = 8
            while i < 16:
                to[i] = from_[i + 4]
                i += 1
            sealed(state, out, done + body, 16)
            to[16] = s[0]
            to[17] = s[0] >> 8
            to[18] = s[0] >> 16
            to[19] = s[0] >> 24
            a[slot] = int(s[38]) + done
            done += whole
        at += whole
    return done


@micropython.viper
def gather(state, data, table) -> int:
    """Enter records into table, from data[state[32]] on, that are good and the first ones with their tags.

    Returns 0: data ends before it is clear what is here; 2: here is something else; 3: here is one, good and whole,
    but table has its tag; 4: table is full. state[30:35] is as for ferry(), but the generation in
    state[17]. state[35], of entries that there is
    room for, goes down, state[36], of bytes in records that were entered, up.
    """
    s = ptr32(state)
    t = ptr16(table[0])
    a = ptr32(table[1])
    mask = int(table[2])
    unit = int(s[26])
    at = int(s[32])
    end = int(s[34])
    while True:
        s[32] = at
        if at + 24 > end:
            return 0
        s[18] = int(s[31]) + at
        if not int(sealed(state, data, at, 20)) or not int(parse(state, data, at)):
            return 2
        key_len = int(s[20])
        size = int(s[21])
        body = 24 + key_len + size + unit - 1
        body -= body % unit
        if s[19] & 14 or at + body + int(s[27]) > int(s[33]):
            return 2
        if at + body > end:
            return 0
        s[0] = 0
        crc(state, data, at + 24, key_len)
        if s[0] != s[22]:
            return 2
        s[0] = 0
        crc(state, data, at + 24 + key_len, size)
        if s[0] != s[23]:
            return 2
        tag = int(s[22]) & 0xFFFF
        slot = tag & mask
        while a[slot]:
            if int(t[slot]) == tag:
                s[25] = slot
                return 3
            slot = (slot + 1) & mask
        if not s[35]:
            return 4
        s[35] = int(s[35]) - 1
        t[slot] = tag
        a[slot] = int(s[30]) + at
        body += int(s[27])
        s[36] = int(s[36]) + body
        at += body


@micropython.viper
def follows(state, data, old) -> int:
    """Whether old, of a chunk's length, is the record of the same key as that at data[state[32]], parsed last.

    Returns the bytes of the old one; 0: it has another key, or no valid header for state[17:19], or is STREAMED.
    """
    s = ptr32(state)
    p = ptr8(old)
    n = int(s[20])
    if 24 + n > int(s[29]) or not int(sealed(state, old, 0, 20)):
        return 0
    if p[0] != 0x52 or p[1] != 0x48 or p[2] & 0xFE or p[3] or p[4] | p[5] << 8 != n:
        return 0
    q = ptr8(int(ptr8(data)) + int(s[32]))
    i = 24
    while i < 24 + n:
        if p[i] != q[i]:
            return 0
        i += 1
    if p[11] & 0xC0:
        return 0
    n += 24 + int(p[8] | p[9] << 8 | p[10] << 16 | p[11] << 24)
    unit = int(s[26])
    n += unit - 1
    return n - n % unit + int(s[27])
