"""The twin in Python of Queue in C: items from any context to threads, by priority."""

from micropython import const

from ._plainmain import post_surely
from ._plainstore import Ranked, Ring
from .core import (
    LEVELS_NEST,
    Waiters,
    in_isr,
    in_thread,
    lock,
    locked,
    park,
    running,
    served,
    unlock,
)
from .outside import outside

try:
    from ucollections import deque
except ImportError:  # CPython
    from ._plaindeque import deque

_PRIORITY_MAX = const(255)
_BOUNDED = const(1)  # flag of a deque

# append() of a deque that is full raises IndexError, as that of a queue does that has no room.
_refuse = deque((None,), 1, _BOUNDED).append


class _Waiting:
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

    # Threads and callbacks put plain items into a deque, and get them from it, without the lock:
    # between the look at an attribute and the call of what is there they cannot be preempted. When
    # that is not the whole story, because somebody waits or an item has a priority, `_append` refuses
    # and `_front` is empty: under the lock _choose_way() decides that. Handlers, and callbacks while
    # the kernel is locked, put items into a ring, from which they are taken under the lock.
    #
    # MicroPython takes a frame of more than 11 words from the heap, which costs up to 4,000 instructions.
    # A `try` takes 9: so functions that are called often have few names and arguments.

    def __init__(self, size):
        if not isinstance(size, int) or size < 1:
            raise ValueError("Queue(size): room for one item at least")
        #: How many items put_nowait() has found no room for.
        self.dropped = 0
        self._size = size
        self._plain = deque((), size, _BOUNDED)  # the items without a priority
        self._ranked = Ranked(size)  # the others
        self._ring = Ring(size)
        self._getters = Waiters()
        self._putters = Waiters()  # the value of each strand is its item
        # Bound here, because that allocates.
        self._plain_append = self._plain.append
        self._popleft = self._plain.popleft
        self._called = self._call
        self._called_late = self._call_late
        self.owed = 0  # for post_surely(), as is the next
        self.next_owing = None
        self._priority = self._timeout_ms = None
        self._front = ()
        self._append = _refuse
        self._short = False  # whether put() may take the short way
        self._choose_way()

    def __repr__(self):
        return "<Queue %d of %d>" % (self.qsize(), self._size)

    def put(self, item, priority=0, timeout_ms=None):
        """Put an item in, when there is room for it. Awaitable of None.

        priority: 0 to 255, higher ones come out first. timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if there was no room in that time; ValueError. Context: thread.
        """
        if self._short and not priority and in_thread():
            awaitable = served()
            if self._add(item):
                return awaitable
            running().strand.close()  # somebody was quicker
        self._priority = priority
        self._timeout_ms = timeout_ms
        return self._put(item)  # reads them before anything can come in between

    def _add(self, item):
        try:
            self._append(item)
        except IndexError:
            return False
        return True

    def _put(self, item):
        priority = self._priority
        timeout_ms = self._timeout_ms
        _check(priority)
        if not in_thread():
            return outside(self, "put", item, priority, timeout_ms)
        lock()
        try:
            self._empty_ring()
            if self._ranked.count + len(self._plain) < self._size:
                awaitable = served()
                self._store(item, priority)
            else:
                awaitable = park(self._putters, timeout_ms)
                running().strand.value = _Waiting(item, priority) if priority else item
        finally:
            self._choose_way()
            unlock()
        return awaitable

    def get(self, timeout_ms=None):
        """Take the next item out, when there is one. Awaitable of the item.

        timeout_ms: None = wait for ever, 0 = do not.
        Raises OSError(ETIMEDOUT) if none came in that time; ValueError. Context: thread.
        """
        if self._front and in_thread():
            try:
                timeout_ms = served(self._front[0])  # one name for both: see above
                self._popleft()
                return timeout_ms
            except IndexError:  # somebody was quicker
                pass
        return self._get(timeout_ms)

    def _get(self, timeout_ms):
        if not in_thread():
            return outside(self, "get", timeout_ms)
        lock()
        try:
            self._empty_ring()
            if self._ranked.count or self._plain:
                awaitable = served(self._next())
                self._remove()
            else:
                awaitable = park(self._getters, timeout_ms)
                self._empty_ring()  # a handler that came before does not know of this getter
        finally:
            self._choose_way()
            unlock()
        return awaitable

    def put_nowait(self, item, priority=0):
        """Put an item in if there is room for it. Returns whether; if not, `dropped` counts it.

        priority: as for put(). Raises ValueError. Context: any, ISR too; allocates nothing.
        """
        if priority:
            _check(priority)
        if in_isr() or locked():
            return self._leave(item, priority)
        if self._short and not priority and self._add(item):
            return True
        lock()
        self._empty_ring()
        fits = self._ranked.count + len(self._plain) < self._size
        if fits:
            self._store(item, priority)
        else:
            self.dropped += 1
        self._choose_way()
        unlock()
        return fits

    def _leave(self, item, priority):
        """Put an item into the ring."""
        if not self._ring.add(item, priority, self, self._called_late):
            self.dropped += 1
            return False
        self._short = False
        self._append = _refuse
        self._front = ()
        if self._getters:
            post_surely(self._called, self, None)
        return True

    def _call(self, _, __):
        lock()
        self._empty_ring()
        self._choose_way()
        unlock()

    def owe(self, _):
        self.owed = 1

    def pay(self, _):
        self._call(None, None)

    def _call_late(self, item, priority):
        self.put_nowait(item, priority)

    def get_nowait(self, default=None):
        """Take the next item out if there is one, else return `default`.

        In a handler, and while the kernel is locked, it finds nothing. Context: thread, base level,
        callback; allocates nothing.
        """
        if in_isr() or locked():
            return default
        lock()
        self._empty_ring()
        item = default
        if self._ranked.count or self._plain:
            item = self._next()
            self._remove()
        self._choose_way()
        unlock()
        return item

    def empty(self):
        """Whether there is nothing to get. Context: any."""
        return self.qsize() == 0

    def full(self):
        """Whether there is no room. Context: any."""
        return self.qsize() >= self._size

    def qsize(self):
        """How many items there are to get. Context: any."""
        return self._ranked.count + len(self._plain) + len(self._ring)

    # ---- With the kernel locked

    def _choose_way(self):
        """Whether put() and get() may take the short way."""
        plain = self._plain
        ranked = self._ranked.count
        short = not (ranked or self._getters or len(plain) == self._size)
        self._short = short
        self._append = self._plain_append if short else _refuse
        # served() of the twin of the core can be preempted.
        self._front = plain if LEVELS_NEST and not (ranked or self._putters) else ()
        if self._ring.head != self._ring.tail:  # at the end: a handler may have come since
            self._short = False
            self._append = _refuse
            self._front = ()

    def _empty_ring(self):
        """Take in what handlers have left, as far as there is room."""
        ring = self._ring
        while ring.head != ring.tail and self._ranked.count + len(self._plain) < self._size:
            item = ring.next()
            priority = ring.priority()
            ring.remove()
            self._store(item, priority)

    def _store(self, item, priority):
        """There is room, so nobody waits to put; who waits to get waits for this item."""
        if self._getters:
            self._getters.wake(item)
        elif priority:
            self._ranked.add(item, priority)
        else:
            self._plain_append(item)

    def _next(self):
        return self._ranked.next() if self._ranked.count else self._plain[0]

    def _remove(self):
        """Drop what _next() returns, and let in who waits for the room."""
        if self._ranked.count:
            self._ranked.remove()
        else:
            self._popleft()
        self._empty_ring()
        strand = self._putters.first()
        if strand is None or self._ranked.count + len(self._plain) == self._size:
            return
        item = strand.value
        self._putters.wake()
        if isinstance(item, _Waiting):
            self._store(item.item, item.priority)
        else:
            self._store(item, 0)


def _check(priority):
    if not isinstance(priority, int) or not 0 <= priority <= _PRIORITY_MAX:
        raise ValueError("priority: 0 to 255, higher ones come out first")
