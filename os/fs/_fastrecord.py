"""What a TDBStore does with whole records, in machine code. Twin: _plainrecord.py. State: as of _fasttdb.

Context of all: any, but for the last two.
"""

from errno import EIO

import micropython
from rtos.core import lock, unlock

from ._fasttdb import BAD, crc, stamp

# ruff: noqa: F821
# Found at once: what is built in is looked for last.
_len = len
_isinstance = isinstance
_str = str


@micropython.viper
def find(state, key, table) -> int:
    """The address of the first record with the tag of that key; 0: there is none; -1: it is no key.

    table: of an index. state[0] is the key's CRC, state[24] its bytes, state[25] the slot then.
    """
    if not _isinstance(key, _str):
        return -1
    count = int(_len(key))
    if count > 128:
        return -1
    s = ptr32(state)
    p = ptr8(key)
    bad = ptr8(BAD)
    crc = uint(-1)
    i = 0
    while True:
        c = p[i]
        if c < 0x80:
            if bad[c >> 3] >> (c & 7) & 1:
                break
            count -= 1
        elif c >= 0xC0:
            count -= 1
        crc ^= c
        crc = crc >> 4 ^ s[1 + (crc & 15)]
        crc = crc >> 4 ^ s[1 + (crc & 15)]
        i += 1
    if c or count or not i:
        return -1
    crc = ~crc
    s[0] = crc
    s[24] = i
    t = ptr16(table[0])
    a = ptr32(table[1])
    mask = int(table[2])
    tag = int(crc) & 0xFFFF
    slot = tag & mask
    addr = int(a[slot])
    while addr and int(t[slot]) != tag:
        slot = (slot + 1) & mask
        addr = int(a[slot])
    s[25] = slot
    return addr


@micropython.asm_thumb
def take(r0, r1, r2, r3):  # state, data, key, n
    """See whether data, n bytes of the medium, is the record of the key that find() has looked for.

    Returns where its value is, with the CRC that it has to have; ~ of that: the header and the key are
    right, but the value is not, or not all there, or not to be had so; 0: neither.
    state[19:24] has the header's fields unless it is 0; state[0] stays. data begins at a word.
    """
    push({r2, r3})
    mov(r2, 0)
    mvn(r2, r2)
    mov(r5, 0x3C)
    mov(r6, r0)
    add(r6, 68)  # state[17:19]
    mov(r7, 8)
    bl(CRC)
    mov(r6, r1)
    mov(r7, 20)
    bl(CRC)
    mvn(r2, r2)
    mov(r4, r2)
    pop({r2, r3})
    ldr(r5, [r1, 20])
    cmp(r4, r5)
    bne(NONE)
    # The header.
    ldr(r4, [r1, 0])
    mov(r5, 0x48)
    lsl(r5, r5, 8)
    add(r5, 0x52)
    lsr(r6, r4, 16)
    lsl(r4, r4, 16)
    lsr(r4, r4, 16)
    cmp(r4, r5)
    bne(NONE)
    cmp(r6, 15)
    bhi(NONE)
    str(r6, [r0, 76])
    ldrh(r7, [r1, 4])
    str(r7, [r0, 80])
    ldr(r4, [r1, 8])
    str(r4, [r0, 84])
    lsr(r4, r4, 30)
    cmp(r4, 0)
    bne(NONE)
    ldr(r4, [r1, 12])
    str(r4, [r0, 88])
    ldr(r4, [r1, 16])
    str(r4, [r0, 92])
    # The key.
    ldr(r4, [r0, 96])
    cmp(r4, r7)
    bne(NONE)
    add(r4, 24)
    sub(r3, r3, r4)
    blt(NONE)
    add(r1, 24)
    label(KEY)
    ldrb(r5, [r1, 0])
    ldrb(r6, [r2, 0])
    cmp(r5, r6)
    bne(NONE)
    add(r1, 1)
    add(r2, 1)
    sub(r7, 1)
    bgt(KEY)
    # The value.
    mov(r6, r1)
    mov(r1, r4)
    ldr(r4, [r0, 76])
    mov(r5, 14)
    and_(r4, r5)
    cmp(r4, 0)
    bne(NOT)
    ldr(r7, [r0, 84])
    cmp(r7, r3)
    bgt(NOT)
    mov(r2, 0)
    mvn(r2, r2)
    mov(r5, 0x3C)
    cmp(r7, 0)
    beq(EMPTY)
    bl(CRC)
    label(EMPTY)
    mvn(r2, r2)
    ldr(r4, [r0, 92])
    mov(r0, r1)
    cmp(r4, r2)
    beq(END)
    label(NOT)
    mvn(r0, r1)
    b(END)
    label(NONE)
    mov(r0, 0)
    b(END)
    # r2 goes on with r7 bytes from r6 on; r4 is used.
    label(CRC)
    ldrb(r4, [r6, 0])
    eor(r2, r4)
    lsl(r4, r2, 2)
    and_(r4, r5)
    add(r4, r4, r0)
    ldr(r4, [r4, 4])
    lsr(r2, r2, 4)
    eor(r2, r4)
    lsl(r4, r2, 2)
    and_(r4, r5)
    add(r4, r4, r0)
    ldr(r4, [r4, 4])
    lsr(r2, r2, 4)
    eor(r2, r4)
    add(r6, 1)
    sub(r7, 1)
    bgt(CRC)
    bx(lr)
    label(END)


@micropython.viper
def extent(state) -> int:
    """The bytes of the record whose header was parsed last."""
    s = ptr32(state)
    unit = int(s[26])
    slot = int(s[27])
    n = 24 + int(s[20]) + int(s[21]) + unit - 1
    n += slot - n % unit
    return n + slot if s[19] & 4 else n


@micropython.viper
def draft(desk, key, value, flags: int) -> int:
    """Make a record in out, but for its trailer, and that in tail; returns how long the first one is.

    desk: state, out, tail, of which the latter two begin at words.

    0: longer than a chunk. It is for the place in state[17:19] and for the key that find() has looked for
    last, whose CRC is in state[0] still.
    """
    state = desk[0]
    out = desk[1]
    tail = desk[2]
    s = ptr32(state)
    n = int(s[24])
    size = int(_len(value))
    end = 24 + n + size
    unit = int(s[26])
    whole = end + unit - 1
    whole -= whole % unit
    if whole > int(s[29]):
        return 0
    h = ptr32(out)
    h[0] = 0x4852 | flags << 16
    h[1] = n
    h[2] = size
    h[3] = s[0]
    s[0] = 0
    crc(state, value, 0, size)
    h[4] = s[0]
    t = ptr32(tail)
    t[0] = 0x5452 | flags << 16
    t[1] = whole
    t[2] = h[3]
    t[3] = h[4]
    stamp(state, out, tail)
    p = ptr8(int(ptr8(out)) + 24)
    q = ptr8(key)
    i = 0
    while i < n:
        p[i] = q[i]
        i += 1
    p = ptr8(int(p) + n)
    q = ptr8(value)
    i = 0
    while i < size:
        p[i] = q[i]
        i += 1
    p = ptr8(out)
    while end < whole:
        p[end] = s[28]
        end += 1
    return whole


@micropython.asm_thumb
def alike(r0, r1, r2):  # a, b, n
    """Whether the first n bytes of a and b, which begin at words, are the same."""
    b(WORDS)
    label(WORD)
    ldr(r3, [r0, 0])
    ldr(r4, [r1, 0])
    cmp(r3, r4)
    bne(NO)
    add(r0, 4)
    add(r1, 4)
    label(WORDS)
    sub(r2, 4)
    bge(WORD)
    add(r2, 4)
    b(BYTES)
    label(BYTE)
    ldrb(r3, [r0, 0])
    ldrb(r4, [r1, 0])
    cmp(r3, r4)
    bne(NO)
    add(r0, 1)
    add(r1, 1)
    label(BYTES)
    sub(r2, 1)
    bge(BYTE)
    mov(r0, 1)
    b(END)
    label(NO)
    mov(r0, 0)
    label(END)


@micropython.native
def locked(function, store, key):
    """function(store, key), and no thread gets in between.

    In machine code its frame is not on the heap, as those of all functions with try are.
    """
    lock()
    try:
        return function(store, key)
    finally:
        unlock()


@micropython.native
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
