"""The twin in Python of Queue in C: items from any context to threads, by priority."""

from micropython import const

from ._plainmain import post_surely
from ._plainstore import Ranked, Ring
from .core import (
    Waiters,
    in_thread,
    lock,
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

try:
    from ._fastshort import get, get_nowait, put, put_nowait
except ImportError:
    from ._plainshort import get, get_nowait, put, put_nowait

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
    # that is not the whole story, because somebody waits or an item has a priority, `_append` refuses:
    # under the lock choose_way() decides that. Handlers, and callbacks while the kernel is locked, put
    # items into a ring, from which they are taken under the lock. Machine code needs no lock.
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
        self.getters = Waiters()
        self._putters = Waiters()  # the value of each strand is its item
        # Bound here, because that allocates.
        self.plain_append = self._plain.append
        self.popleft = self._plain.popleft
        self._called = self.catch_up
        self._called_late = self._call_late
        self.owed = 0  # for post_surely(), as is the next
        self.next_owing = None
        self.priority = self.timeout_ms = None
        self._append = _refuse
        self.short = False  # whether put() may take the short way
        self.quick = False  # whether nothing but plain items is to be seen to
        self.choose_way()

    def __repr__(self):
        return "<Queue %d of %d>" % (self.qsize(), self._size)

    put = put
    get = get
    put_nowait = put_nowait
    get_nowait = get_nowait

    def add(self, item):
        try:
            self._append(item)
        except IndexError:
            return False
        return True

    def wait_to_put(self, item):
        priority = self.priority
        timeout_ms = self.timeout_ms
        _check(priority)
        if not in_thread():
            return outside(self, "put", item, priority, timeout_ms)
        lock()
        try:
            self.empty_ring()
            if self._ranked.count + len(self._plain) < self._size:
                awaitable = served()
                self.store(item, priority)
            else:
                awaitable = park(self._putters, timeout_ms)
                running().strand.value = _Waiting(item, priority) if priority else item
        finally:
            self.choose_way()
            unlock()
        return awaitable

    def wait_to_get(self, timeout_ms):
        if not in_thread():
            return outside(self, "get", timeout_ms)
        lock()
        try:
            self.empty_ring()
            if self._ranked.count or self._plain:
                awaitable = served(self._next())
                self._remove()
            else:
                awaitable = park(self.getters, timeout_ms)
                self.empty_ring()  # a handler that came before does not know of this getter
        finally:
            self.choose_way()
            unlock()
        return awaitable

    def put_long(self, item, priority):
        """put_nowait(), but not from a handler."""
        if priority:
            _check(priority)
        lock()
        self.empty_ring()
        fits = self._ranked.count + len(self._plain) < self._size
        if fits:
            self.store(item, priority)
        else:
            self.dropped += 1
        self.choose_way()
        unlock()
        return fits

    def leave(self, item, priority):
        """Put an item into the ring."""
        if priority:
            _check(priority)
        if not self._ring.add(item, priority, self, self._called_late):
            self.dropped += 1
            return False
        self.short = False
        self._append = _refuse
        self.quick = False
        if self.getters:
            post_surely(self._called, self, None)
        return True

    def catch_up(self, _, __):
        """Handlers have left items, and somebody waits to get them."""
        lock()
        self.empty_ring()
        self.choose_way()
        unlock()

    def owe(self, _):
        self.owed = 1

    def pay(self, _):
        self.catch_up(None, None)

    def _call_late(self, item, priority):
        self.put_nowait(item, priority)

    def get_long(self, default):
        """get_nowait(), but not from a handler."""
        lock()
        self.empty_ring()
        item = default
        if self._ranked.count or self._plain:
            item = self._next()
            self._remove()
        self.choose_way()
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

    def choose_way(self):
        """Whether put() and get() may take the short way."""
        plain = self._plain
        ranked = self._ranked.count
        short = not (ranked or self.getters or len(plain) == self._size)
        self.short = short
        self._append = self.plain_append if short else _refuse
        self.quick = not (ranked or self._putters)
        if self._ring.head != self._ring.tail:  # at the end: a handler may have come since
            self.short = False
            self._append = _refuse
            self.quick = False

    def empty_ring(self):
        """Take in what handlers have left, as far as there is room."""
        ring = self._ring
        while ring.head != ring.tail and self._ranked.count + len(self._plain) < self._size:
            item = ring.next()
            priority = ring.priority()
            ring.remove()
            self.store(item, priority)

    def store(self, item, priority):
        """There is room, so nobody waits to put; who waits to get waits for this item."""
        if self.getters:
            self.getters.wake(item)
        elif priority:
            self._ranked.add(item, priority)
        else:
            self.plain_append(item)

    def _next(self):
        return self._ranked.next() if self._ranked.count else self._plain[0]

    def _remove(self):
        """Drop what _next() returns, and let in who waits for the room."""
        if self._ranked.count:
            self._ranked.remove()
        else:
            self.popleft()
        self.empty_ring()
        strand = self._putters.first()
        if strand is None or self._ranked.count + len(self._plain) == self._size:
            return
        item = strand.value
        self._putters.wake()
        if isinstance(item, _Waiting):
            self.store(item.item, item.priority)
        else:
            self.store(item, 0)


def _check(priority):
    if not isinstance(priority, int) or not 0 <= priority <= _PRIORITY_MAX:
        raise ValueError("priority: 0 to 255, higher ones come out first")
