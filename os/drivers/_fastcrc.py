"""CRC registers in machine code: 18 instructions a byte, nothing allocated. Twin: _plaincrc.py.

state: array("I") of 17 words: the register, then the 16 remainders of half a byte.
data: a buffer; start, n: its part. The caller has checked them. Runs to its end without giving way.
"""

import micropython
from micropython import const

_REGISTER_BITS = const(32)


def register_bits(width):
    """How many bits wide the register is, in which a CRC that is not reflected lies on the left."""
    return _REGISTER_BITS


# ruff: noqa: F821
@micropython.asm_thumb
def remainder(r0, r1) -> uint:  # state, align
    ldr(r0, [r0, 0])
    lsr(r0, r1)


@micropython.asm_thumb
def update_forward(r0, r1, r2, r3):  # state, data, start, n
    add(r1, r1, r2)
    ldr(r2, [r0, 0])
    b(TEST)
    label(LOOP)
    ldrb(r4, [r1, 0])
    lsl(r4, r4, 24)
    eor(r2, r4)
    lsr(r4, r2, 28)
    lsl(r4, r4, 2)
    add(r4, r4, r0)
    ldr(r4, [r4, 4])
    lsl(r2, r2, 4)
    eor(r2, r4)
    lsr(r4, r2, 28)
    lsl(r4, r4, 2)
    add(r4, r4, r0)
    ldr(r4, [r4, 4])
    lsl(r2, r2, 4)
    eor(r2, r4)
    add(r1, 1)
    sub(r3, 1)
    label(TEST)
    cmp(r3, 0)
    bgt(LOOP)
    str(r2, [r0, 0])
    mov(r0, 0)  # the result becomes an object: a small one


@micropython.asm_thumb
def update_reflected(r0, r1, r2, r3):  # state, data, start, n
    add(r1, r1, r2)
    ldr(r2, [r0, 0])
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
    str(r2, [r0, 0])
    mov(r0, 0)
