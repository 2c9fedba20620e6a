"""The transfers of an SPIView, one step after the other; kernel and processor do not matter."""

from micropython import const

try:
    from ._fastfill import copy, fill
except ImportError:
    from ._plainfill import copy, fill

# In SPIView._quick.
_CHIP = const(3)
_FILLER = const(4)
_WRITE = const(5)
_READINTO = const(6)
_EXCHANGE = const(7)
_END = const(8)
_BEGIN = const(9)
_BEGIN_WRITE = const(10)


def write(self, buf):
    """Send buf; what comes in is dropped."""
    quick = self._quick
    quick[_BEGIN_WRITE]()
    try:
        if quick[_CHIP] is not None:
            quick[_CHIP](0)
        quick[_WRITE](buf)
    finally:
        quick[_END]()


def readinto(self, buf, write=None):
    """Fill buf while `write` goes out again and again."""
    quick = self._quick
    quick[_BEGIN]()
    try:
        if quick[_CHIP] is not None:
            quick[_CHIP](0)
        quick[_READINTO](buf, quick[_FILLER] if write is None else write)
    finally:
        quick[_END]()


def write_readinto(self, write_buf, read_buf):
    """Send one buffer while the other is filled; they may be the same one.

    As long as the longer one: `write_value` is sent when there is no more to send, and what has
    no room is dropped.
    """
    quick = self._quick
    quick[_BEGIN]()
    try:
        if quick[_CHIP] is not None:
            quick[_CHIP](0)
        if len(write_buf) == len(read_buf):
            quick[_EXCHANGE](write_buf, read_buf)
        else:
            _exchange(self, write_buf, read_buf)
    finally:
        quick[_END]()


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
