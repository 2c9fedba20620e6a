"""Mail: messages in preallocated blocks, filled and read in place."""

from .mempool import MemoryPool
from .queue import Queue


class Mail:
    """A queue of at most `count` messages of `size` bytes; mbed's Mail.

    The sender fills a block of the mail's own memory and puts it in, the receiver gets the same
    block and frees it: nothing is copied and nothing allocated.

        block = await mail.alloc()          block = await mail.get()
        block[0] = 42                       use(block[0])
        mail.put(block)                     mail.free(block)
    """

    def __init__(self, count, size):
        self._pool = MemoryPool(count, size)
        self._queue = Queue(count)

    def __repr__(self):
        return "<Mail %d waiting, %d free>" % (self._queue.qsize(), self._pool.free_blocks())

    def alloc(self, timeout_ms=None):
        """Take a block to fill. Awaitable of the block, a bytearray with what was in it.

        timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if none became free in that time; ValueError. Context: thread.
        """
        return self._pool.alloc(timeout_ms)

    def alloc_nowait(self):
        """A block to fill, or None. Context: any, ISR too (on stock firmware a hard one gets None)."""
        return self._pool.alloc_nowait()

    def put(self, block, priority=0):
        """Send a block. There is room for all blocks, so it need not wait.

        priority: 0 to 255; higher ones come out first, those of the same as they were put in.
        Returns True; False if the kernel was locked and has 64 posted calls to make already.
        Raises ValueError if the block is free, or none of this mail's. Context: any, ISR too.
        """
        self._pool.check(block)
        return self._queue.put_nowait(block, priority)

    def get(self, timeout_ms=None):
        """Take the next message out, when there is one. Awaitable of its block; free() it then.

        timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if none came in that time; ValueError. Context: thread.
        """
        return self._queue.get(timeout_ms)

    def get_nowait(self):
        """The block of the next message, or None. Context: as Queue.get_nowait()."""
        return self._queue.get_nowait()

    def free(self, block):
        """Give back a block that was received, or will not be sent.

        Raises ValueError if it is none of this mail's, or is free already. Context: any, ISR too.
        """
        self._pool.free(block)

    def empty(self):
        """Whether there is nothing to get. Context: any."""
        return self._queue.empty()

    def full(self):
        """Whether no block is free. Context: any but an ISR."""
        return not self._pool.free_blocks()
