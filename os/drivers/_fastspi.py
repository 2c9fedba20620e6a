"""The transfers of an SPIView as native code, which no thread divides: it needs no lock.

What is not as it was after the transfer before is left to _plainspi, with the same results.
"""

import micropython
from micropython import const

from ._fastfill import copy, fill
from ._plainspi import readinto as _readinto
from ._plainspi import write as _write
from ._plainspi import write_readinto as _write_readinto

# In SharedBus.state, and in SPIView._quick.
_SETTINGS = const(0)
_INSIDE = const(1)
_STATE = const(0)
_MINE = const(1)
_MUTEX = const(2)
_CHIP = const(3)
_FILLER = const(4)
_WRITE = const(5)
_READINTO = const(6)
_EXCHANGE = const(7)
_ONE_STEP = const(12)  # selecting the chip is no code that threads divide

# An interrupt handler may come anywhere, and transfer: a mark first, then the look whether the bus
# is as it has to be. Whoever is in the middle of a transfer finds his own mark again.


@micropython.native
def write(self, buf):
    """Send buf; what comes in is dropped."""
    quick = self._quick
    state = quick[_STATE]
    inside = state[_INSIDE]
    state[_INSIDE] = True
    if (
        inside
        or state[_SETTINGS] is not quick[_MINE]
        or quick[_MUTEX].owner is not None
        or not quick[_ONE_STEP]
        or self.direct  # it is counted, and then the hardware's own
    ):
        state[_INSIDE] = inside
        return _write(self, buf)
    chip = quick[_CHIP]
    try:
        if chip is None:
            quick[_WRITE](buf)
        else:
            try:
                chip(0)
                quick[_WRITE](buf)
            finally:
                chip(1)
    finally:
        state[_INSIDE] = False


@micropython.native
def readinto(self, buf, write=None):
    """Fill buf while `write` goes out again and again."""
    quick = self._quick
    state = quick[_STATE]
    inside = state[_INSIDE]
    state[_INSIDE] = True
    if (
        inside
        or state[_SETTINGS] is not quick[_MINE]
        or quick[_MUTEX].owner is not None
        or not quick[_ONE_STEP]
    ):
        state[_INSIDE] = inside
        return _readinto(self, buf, write)
    if write is None:
        write = quick[_FILLER]
    chip = quick[_CHIP]
    try:
        if chip is None:
            quick[_READINTO](buf, write)
        else:
            try:
                chip(0)
                quick[_READINTO](buf, write)
            finally:
                chip(1)
    finally:
        state[_INSIDE] = False


@micropython.native
def _exchange(self, write_buf, read_buf):
    both = self._quick[_EXCHANGE]
    sent = len(write_buf)
    received = len(read_buf)
    if received:
        read_buf[0] = read_buf[0]  # TypeError if it cannot be written to
    if sent < received:
        copy(read_buf, write_buf, sent)
        fill(read_buf, sent, self._quick[_FILLER])
        both(read_buf, read_buf)
    else:
        if len(self._scratch) != sent:
            self._scratch = bytearray(sent)
        both(write_buf, self._scratch)
        copy(read_buf, self._scratch, received)


@micropython.native
def write_readinto(self, write_buf, read_buf):
    """Send one buffer while the other is filled; they may be the same one.

    As long as the longer one: `write_value` is sent when there is no more to send, and what has
    no room is dropped.
    """
    quick = self._quick
    state = quick[_STATE]
    inside = state[_INSIDE]
    state[_INSIDE] = True
    if (
        inside
        or state[_SETTINGS] is not quick[_MINE]
        or quick[_MUTEX].owner is not None
        or not quick[_ONE_STEP]
    ):
        state[_INSIDE] = inside
        return _write_readinto(self, write_buf, read_buf)
    chip = quick[_CHIP]
    # No `try` in a `finally`: native code would lose the exception.
    try:
        if chip is None:
            if len(write_buf) == len(read_buf):
                quick[_EXCHANGE](write_buf, read_buf)
            else:
                _exchange(self, write_buf, read_buf)
        else:
            try:
                chip(0)
                if len(write_buf) == len(read_buf):
                    quick[_EXCHANGE](write_buf, read_buf)
                else:
                    _exchange(self, write_buf, read_buf)
            finally:
                chip(1)
    finally:
        state[_INSIDE] = False
