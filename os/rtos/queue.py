"""Queue: items from any context to threads, by priority, first come first served among equals."""

from collections import deque

from micropython import const

from .core import (
    LEVELS_NEST,
    Waiters,
    in_isr,
    in_thread,
    lock,
    locked,
    park,
    post,
    running,
    served,
    unlock,
)
from .outside import outside

_PRIORITY_MAX = const(255)
_COUNT_MASK = const(0x3FFFFFFF)


class _Ranked:
    """The item of a put() that waits, if it has a priority."""

    def __init__(self, item, priority):
        self.item = item
        self.priority = priority


class Queue:
    """A queue of at most `size` items of any kind; mbed's Queue.

    size: at least 1. All memory that it needs is allocated here, and none later; but for a put()
    with a priority that has to wait.

    Items with a higher priority come out first, those of the same priority in the order in which
    they went in. Threads that wait are served by their own priority.
    """

    def __init__(self, size):
        if not isinstance(size, int) or size < 1:
            raise ValueError("Queue(size): room for one item at least")
        #: How many items put_nowait() has found no room for.
        self.dropped = 0
        self._size = size
        self._room = size
        self._plain = deque((), size)  # the items without a priority
        # The others by priority, the next one to get last.
        self._count = 0
        self._items = [None] * size
        self._priorities = bytearray(size)
        self._getters = Waiters()
        self._putters = Waiters()  # the value of each strand is its item
        # Whether somebody may wait or items with a priority are there: the short way is not for that.
        self._odd = False
        # put_nowait() counts what it leaves for the kernel, the kernel what it has taken in.
        self._posted = self._arrived = 0
        self._receive = self._arrive  # bound here: interrupt handlers have no heap

    def __repr__(self):
        return "<Queue %d of %d>" % (self.qsize(), self._size)

    def put(self, item, priority=0, timeout_ms=None):
        """Put an item in, when there is room for it. Awaitable of None.

        priority: 0 to 255, higher ones come out first. timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if there was no room in that time; ValueError. Context: thread.
        """
        if in_thread():
            awaitable = served()
            lock()
            if not (priority or self._odd) and self._room:
                self._room -= 1
                self._plain.append(item)
                unlock()
                return awaitable
            unlock()
            running().strand.close()  # it may have to wait
        return self._put(item, priority, timeout_ms)

    def _put(self, item, priority, timeout_ms):
        _check(priority)
        if not in_thread():
            return outside(self, "put", item, priority, timeout_ms)
        lock()
        try:
            if self._room:
                awaitable = served()
                self._store(item, priority)
            else:
                awaitable = park(self._putters, timeout_ms)
                running().strand.value = _Ranked(item, priority) if priority else item
                self._odd = True
        finally:
            unlock()
        return awaitable

    def get(self, timeout_ms=None):
        """Take the next item out, when there is one. Awaitable of the item.

        timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if none came in that time; ValueError. Context: thread.
        """
        lock()
        if self._odd or not self._plain:
            unlock()
            return self._get(timeout_ms)
        try:
            awaitable = served(self._plain[0])
        except BaseException:
            unlock()
            if in_thread():
                raise
            return outside(self, "get", timeout_ms)
        self._plain.popleft()
        self._room += 1
        unlock()
        return awaitable

    def _get(self, timeout_ms):
        if not in_thread():
            return outside(self, "get", timeout_ms)
        lock()
        try:
            if self.empty():
                awaitable = park(self._getters, timeout_ms)
                self._odd = True
            else:
                awaitable = served(self._next())
                self._remove()
        finally:
            unlock()
        return awaitable

    def put_nowait(self, item, priority=0):
        """Put an item in if there is room for it. Returns whether; if not, `dropped` counts it.

        What a handler or callback puts in while the kernel is locked is taken in when it is not.
        priority: as for put(). Raises ValueError. Context: any, ISR too; allocates nothing.
        """
        if priority:
            _check(priority)
        if locked() or self._posted != self._arrived or (in_isr() and not LEVELS_NEST):
            return self._post(item, priority)
        lock()
        fits = self._room > 0
        if fits:
            self._store(item, priority)
        else:
            self.dropped += 1
        unlock()
        return fits

    def _post(self, item, priority):
        if self._posted - self._arrived & _COUNT_MASK < self._room:
            self._posted = self._posted + 1 & _COUNT_MASK
            if post(self._receive, item, priority):
                return True
            self._posted = self._posted - 1 & _COUNT_MASK
        self.dropped += 1
        return False

    def _arrive(self, item, priority):
        """Called by the kernel for an item that _post() has left."""
        lock()
        self._arrived = self._arrived + 1 & _COUNT_MASK
        if self._room:
            self._store(item, priority)
        else:  # others were quicker
            self.dropped += 1
        unlock()

    def get_nowait(self, default=None):
        """Take the next item out if there is one, else return `default`.

        While the kernel is locked it finds nothing.
        Context: any, ISR too (with boards/native); allocates nothing.
        """
        if locked() or (in_isr() and not LEVELS_NEST):
            return default
        lock()
        if self.empty():
            item = default
        else:
            item = self._next()
            self._remove()
        unlock()
        return item

    def empty(self):
        """Whether there is nothing to get. Context: any."""
        return self._room == self._size

    def full(self):
        """Whether there is no room. Context: any."""
        return not self._room

    def qsize(self):
        """How many items there are to get. Context: any."""
        return self._size - self._room

    # ---- With the kernel locked

    def _store(self, item, priority):
        """There is room, so nobody waits to put; who waits to get waits for this item."""
        if self._getters:
            self._getters.wake(item)
            return
        self._room -= 1
        if not priority:
            self._plain.append(item)
            self._odd = self._count != 0
            return
        at = self._count
        self._count += 1
        self._odd = True
        # Behind what is as urgent or more.
        while at and self._priorities[at - 1] >= priority:
            self._priorities[at] = self._priorities[at - 1]
            self._items[at] = self._items[at - 1]
            at -= 1
        self._priorities[at] = priority
        self._items[at] = item

    def _next(self):
        return self._items[self._count - 1] if self._count else self._plain[0]

    def _remove(self):
        """Drop what _next() returns, and let in who waits for the room."""
        if self._count:
            self._count -= 1
            self._items[self._count] = None
        else:
            self._plain.popleft()
        self._room += 1
        strand = self._putters.first()
        if strand is None:
            self._odd = self._count != 0
            return
        item = strand.value
        self._putters.wake()
        if isinstance(item, _Ranked):
            self._store(item.item, item.priority)
        else:
            self._store(item, 0)
        self._odd = True  # others may wait


def _check(priority):
    if not isinstance(priority, int) or not 0 <= priority <= _PRIORITY_MAX:
        raise ValueError("priority: 0 to 255, higher ones come out first")
