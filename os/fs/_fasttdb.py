"""What a TDBStore does with bytes, in machine code that allocates nothing. Twin: _plaintdb.py.

state: array("I") of 43 words: a finished CRC-32, the 16 remainders of half a byte, the generation of an
area and the offset of a record, in which headers and trailers are bound to their place; then of the
header that was parsed last flags, key_len, size, key_hash and value_crc; then of the key that was looked
for last how many bytes it has, and the slot where it was found; then, which stay, the device's
program_size, the room of a trailer, an erased byte, the length of a chunk; the rest is for _fastwalk.
Context of all: any. The caller has checked what is where.
"""

import micropython


# ruff: noqa: F821
@micropython.asm_thumb
def crc(r0, r1, r2, r3):  # state, data, start, n
    """Let state[0], the CRC of what came before, 0 at first, be that with data[start:start + n]."""
    add(r1, r1, r2)
    ldr(r2, [r0, 0])
    mvn(r2, r2)
    mov(r5, 0x3C)
    b(TEST)
    label(LOOP)
    ldrb(r4, [r1, 0])
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
    add(r1, 1)
    sub(r3, 1)
    label(TEST)
    cmp(r3, 0)
    bgt(LOOP)
    mvn(r2, r2)
    str(r2, [r0, 0])
    mov(r0, 0)


@micropython.asm_thumb
def sealed(r0, r1, r2, r3):  # state, data, at, n
    """Whether behind data[at:at + n] is the CRC of generation, offset and that; state[0] is it."""
    add(r1, r1, r2)
    mov(r6, r0)
    add(r6, 68)  # state[17:19]
    mov(r7, 8)
    mov(r2, 0)
    mvn(r2, r2)
    mov(r5, 0x3C)
    label(LOOP)
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
    bgt(LOOP)
    cmp(r3, 0)
    ble(DONE)
    mov(r6, r1)
    mov(r7, r3)
    mov(r3, 0)
    b(LOOP)
    label(DONE)
    mvn(r2, r2)
    str(r2, [r0, 0])
    mov(r0, 0)
    ldrb(r4, [r6, 3])
    lsl(r4, r4, 8)
    ldrb(r5, [r6, 2])
    orr(r4, r5)
    lsl(r4, r4, 8)
    ldrb(r5, [r6, 1])
    orr(r4, r5)
    lsl(r4, r4, 8)
    ldrb(r5, [r6, 0])
    orr(r4, r5)
    cmp(r4, r2)
    bne(END)
    mov(r0, 1)
    label(END)


@micropython.asm_thumb
def stamp(r0, r1, r2):  # state, head, tail
    """Let head[20:24] and tail[16:20] be the CRCs of generation, offset and what is in front of them.

    head and tail begin at words.
    """
    mov(r5, 0x3C)
    mov(r6, r1)
    mov(r7, 20)
    bl(PLACE)
    mov(r6, r2)
    mov(r7, 16)
    bl(PLACE)
    b(END)
    # The CRC of the place and of r7 bytes from r6 on, stored behind them.
    label(PLACE)
    push({r2, r6, r7})
    mov(r2, 0)
    mvn(r2, r2)
    mov(r6, r0)
    add(r6, 68)  # state[17:19]
    mov(r7, 8)
    mov(r3, 0)
    label(LOOP)
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
    bgt(LOOP)
    cmp(r3, 0)
    bne(DONE)
    mov(r4, r2)
    pop({r2, r6, r7})
    push({r2})
    mov(r2, r4)
    mov(r3, 1)
    b(LOOP)
    label(DONE)
    mvn(r2, r2)
    str(r2, [r6, 0])
    pop({r2})
    bx(lr)
    label(END)


@micropython.viper
def parse(state, data, at: int) -> int:
    """Whether data[at:at + 24], which has its CRC, is a header; state[19:24] has its fields then."""
    p = ptr8(int(ptr8(data)) + at)
    if p[0] != 0x52 or p[1] != 0x48 or p[2] > 15 or p[3] or p[5] > 2 or p[11] & 0xC0:
        return 0
    s = ptr32(state)
    s[19] = p[2]
    s[20] = p[4] | p[5] << 8
    s[21] = p[8] | p[9] << 8 | p[10] << 16 | p[11] << 24
    s[22] = p[12] | p[13] << 8 | p[14] << 16 | p[15] << 24
    s[23] = p[16] | p[17] << 8 | p[18] << 16 | p[19] << 24
    return 1


@micropython.viper
def agrees(state, field: int) -> int:
    """Whether the CRC in state[0] is the one in state[field]."""
    s = ptr32(state)
    return 1 if s[0] == s[field] else 0


@micropython.viper
def belongs(state, data, at: int, back: int) -> int:
    """Whether data[at:at + 20] has the magic of a trailer, that distance, and the header's fields.

    state[23] is its value_crc then.
    """
    p = ptr8(int(ptr8(data)) + at)
    s = ptr32(state)
    if p[0] != 0x52 or p[1] != 0x54 or p[2] != s[19] or p[3]:
        return 0
    if p[4] | p[5] << 8 | p[6] << 16 | p[7] << 24 != back:
        return 0
    if p[8] | p[9] << 8 | p[10] << 16 | p[11] << 24 != s[22]:
        return 0
    if s[19] & 4:
        s[23] = p[12] | p[13] << 8 | p[14] << 16 | p[15] << 24
    return 1


@micropython.viper
def store(state, field: int, data, at: int):
    """data[at:at + 4] = state[field]."""
    p = ptr8(int(ptr8(data)) + at)
    own = ptr8(int(ptr8(state)) + 4 * field)
    p[0] = own[0]
    p[1] = own[1]
    p[2] = own[2]
    p[3] = own[3]


@micropython.viper
def tag_of(state, field: int) -> int:
    """The lower half of state[field]."""
    return ptr32(state)[field] & 0xFFFF


@micropython.viper
def word(data, at: int) -> int:
    """The number in data[at:at + 4], which is below 2**30."""
    p = ptr8(int(ptr8(data)) + at)
    return p[0] | p[1] << 8 | p[2] << 16 | p[3] << 24


@micropython.viper
def same(a, at: int, b, start: int, n: int) -> int:
    """Whether a[at:at + n] == b[start:start + n]."""
    p = ptr8(int(ptr8(a)) + at)
    q = ptr8(int(ptr8(b)) + start)
    for i in range(n):
        if p[i] != q[i]:
            return 0
    return 1


@micropython.viper
def copy(dest, at: int, src, start: int, n: int):
    """dest[at:at + n] = src[start:start + n]."""
    p = ptr8(int(ptr8(dest)) + at)
    q = ptr8(int(ptr8(src)) + start)
    for i in range(n):
        p[i] = q[i]


@micropython.viper
def seek(data, at: int, end: int, step: int) -> int:
    """The first of at, at + step, … where data begins with "RH" or "RT" before end; or -1."""
    p = ptr8(data)
    while at + 1 < end:
        if p[at] == 0x52 and (p[at + 1] == 0x48 or p[at + 1] == 0x54):
            return at
        at += step
    return -1


@micropython.viper
def probe(tags, addrs, mask: int, tag: int, slot: int) -> int:
    """The first slot from there on with that tag; ~(an empty slot) if that comes first."""
    t = ptr16(tags)
    a = ptr32(addrs)
    while a[slot]:
        if t[slot] == tag:
            return slot
        slot = (slot + 1) & mask
    return -1 - slot


def encode(key):
    """The key as the functions above take it: a str has its bytes and a zero behind them."""
    return key


# One bit for each of the first 128 characters that may not be in a key.
BAD = b"\xff\xff\xff\xff\x05\x84\x00\xdc\x00\x00\x00\x10\x00\x00\x00\x90"


@micropython.viper
def key_size(key, n: int) -> int:
    """How many bytes an encoded key of n characters has; 0 if one of them may not be in a key."""
    p = ptr8(key)
    bad = ptr8(BAD)
    chars = 0
    i = 0
    while True:
        c = p[i]
        if c < 0x80:
            if bad[c >> 3] >> (c & 7) & 1:
                break
            chars += 1
        elif c >= 0xC0:
            chars += 1
        i += 1
    if c or chars != n:
        return 0
    return i
