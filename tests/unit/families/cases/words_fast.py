# platforms: mps2-stock mps2-native
# uses: ../boards/boot/flashwords/_fast.py
# The machine code that writes flash, over memory of the emulated board.

import micropython
from support import copy, program
from uctypes import addressof

MASK = 1 << 16


def test_words():
    cells = bytearray(b"\xff" * 64)
    status = bytearray(4)  # ready at once
    data = bytes(range(0xE0, 0x100)) * 2
    at = addressof(cells)
    for start in range(4):  # the buffer may begin anywhere
        for n in (0, 4, 8, 60):
            cells[:] = b"\xff" * 64
            program(at, data, start, n, addressof(status), MASK, 0)
            assert cells[:n] == data[start : start + n], (start, n)
            assert cells[n:] == b"\xff" * (64 - n)
            back = bytearray(n)
            copy(at, back, n)
            assert back == cells[:n]


def test_it_waits_for_the_level_that_means_ready():
    cells = bytearray(8)
    ready = bytearray(b"\x01\x00\x00\x00")  # nRF52: READY is 1
    program(addressof(cells), b"12345678", 0, 8, addressof(ready), 1, 1)
    assert cells == b"12345678"


def test_it_does_not_wait_for_ever():
    cells = bytearray(b"\xff" * 8)
    never = bytearray(4)
    assert program(addressof(cells), b"12345678", 0, 8, addressof(never), 1, 1) is False
    assert cells == b"1234\xff\xff\xff\xff"
    assert program(addressof(cells), b"12345678", 0, 8, addressof(never), 1, 0) is True


def test_it_takes_no_heap():
    cells = bytearray(8)
    status = bytearray(4)
    at, register = addressof(cells), addressof(status)
    data = b"\xfe\xff\xff\xff" * 2
    micropython.heap_lock()
    try:
        program(at, data, 0, 8, register, MASK, 0)
    finally:
        micropython.heap_unlock()
    assert cells == data
