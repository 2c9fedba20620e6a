"""MemoryPool: blocks of memory of one size, made once, handed out and given back."""

from micropython import const

from .core import (
    LEVELS_NEST,
    EventFlags,
    Waiters,
    in_isr,
    in_thread,
    lock,
    locked,
    park,
    post,
    served,
    unlock,
)
from .outside import outside

# Flags of one EventFlags that are small ints, so that a handler can read them.
_FLAGS = const(30)


class MemoryPool:
    """`count` blocks of `size` bytes; mbed's MemoryPool. A block is a bytearray.

    All memory is allocated here, none later.
    """

    def __init__(self, count, size):
        for number in (count, size):
            if not isinstance(number, int) or number < 1:
                raise ValueError("MemoryPool(count, size): one block of one byte at least")
        self._count = count
        # A set flag is a free block: the flags can be changed in any context.
        self._groups = []  # (EventFlags, its blocks by flag)
        self._places = {}  # id of a block -> (EventFlags, flag)
        for first in range(0, count, _FLAGS):
            flags = EventFlags()
            blocks = {}
            for i in range(min(_FLAGS, count - first)):
                block = blocks[1 << i] = bytearray(size)
                self._places[id(block)] = (flags, 1 << i)
                flags.set(1 << i)
            self._groups.append((flags, blocks))
        self._waiters = Waiters()
        self._serve_later = self._serve  # bound here: interrupt handlers have no heap

    def __repr__(self):
        return "<MemoryPool %d of %d free>" % (self.free_blocks(), self._count)

    def alloc(self, timeout_ms=None):
        """Take a block, when there is a free one. Awaitable of the block, with what was in it.

        timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if none became free in that time; ValueError. Context: thread.
        """
        if not in_thread():
            return outside(self, "alloc", timeout_ms)
        lock()
        try:
            block = self._take()
            if block is None:
                awaitable = park(self._waiters, timeout_ms)
                self._serve(None, None)  # a handler may have given one back just before
            else:
                try:
                    awaitable = served(block)
                except BaseException:
                    flags, flag = self._places[id(block)]
                    flags.set(flag)
                    raise
        finally:
            unlock()
        return awaitable

    def alloc_nowait(self):
        """A free block with what was in it, or None.

        Context: any, ISR too (with boards/native; on stock firmware a hard handler gets None).
        """
        if in_isr() and not LEVELS_NEST:
            return None
        return self._take()

    def free(self, block):
        """Give a block back.

        Raises ValueError if it is none of this pool's, or is free already. Context: any, ISR too.
        """
        flags, flag = self.check(block)
        flags.set(flag)
        if self._waiters or not flags.get() & flag:
            if locked() or (in_isr() and not LEVELS_NEST):
                post(self._serve_later, None)
            else:
                self._serve(None, None)

    def free_blocks(self):
        """How many blocks are free. Context: any but an ISR."""
        found = 0
        for flags, blocks in self._groups:
            bits = flags.get()
            for flag in blocks:
                if bits & flag:
                    found += 1
        return found

    def check(self, block):
        """Raise ValueError if the block is free, or none of this pool's. For Mail, too."""
        place = self._places.get(id(block))
        if place is None:
            raise ValueError("not of this pool: pass the block that alloc() gave, no part or copy")
        if place[0].get() & place[1]:
            raise ValueError("this block is free: alloc() it first")
        return place

    def _take(self):
        """A block that is nobody else's from here on, or None."""
        for group in range(len(self._groups)):
            flags, blocks = self._groups[group]
            while True:
                free = flags.get()
                if not free:
                    break
                flag = free & -free
                if flags.clear(flag) & flag:  # who clears it has the block
                    return blocks[flag]
        return None

    def _serve(self, _, __):
        """Hand free blocks to those who wait."""
        lock()
        while self._waiters:
            block = self._take()
            if block is None:
                break
            self._waiters.wake(block)
        unlock()
