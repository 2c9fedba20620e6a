"""Waiting, in the twin of the core: park, yield_, served, Waiters, and deadlines."""

from errno import ETIMEDOUT

from micropython import const

import rtos._plain as core

from ._plainplace import Waitable, end_answer, join, key_answer, leave, take_first
from ._plaintime import set_deadline, take_due

_RUNS = const(0)
_BEGUN = const(1)
_GIVES_WAY = const(2)
_SERVED = const(3)
_QUEUED = const(8)


def outside(what, name, *args):
    """An awaitable for callers that are no threads: the kernel's hook makes it."""
    if core.outside is None:
        raise RuntimeError("only a thread can wait: rtos.wait() does it for others")
    return core.outside(what, name, *args)


def limit_time(strand, timeout_ms):
    """Set an alarm for the wait to come; None is for ever. True: the time is up already."""
    if timeout_ms is None:
        return False
    if not isinstance(timeout_ms, int) or timeout_ms < 0 or timeout_ms >> 30:
        raise ValueError("a time is None for ever, or 0 to 2**30 - 1 ms")
    if timeout_ms == 0:
        strand.state = _SERVED
        end_answer(strand, OSError(ETIMEDOUT))
        return True
    if set_deadline(strand, timeout_ms):
        core.attention |= core.STALE
    return False


def serve(strand, value):
    """An awaitable that returns the value at once."""
    if value is None:
        return strand.place
    strand.state = _SERVED
    end_answer(strand, StopIteration(value))
    return strand.answer


def yield_():
    """An awaitable that lets the other ready strands of the same priority run first."""
    strand = core.top
    if strand.state:
        strand = core.begin()
        if strand is None:
            return outside(None, "yield_")
    strand.state = _GIVES_WAY
    strand.key(strand)
    return strand.place


def served(value=None, error=None):
    """An awaitable that returns the value, or raises the error, at once.

    Allocates unless the value is None.
    """
    strand = core.begin()
    if strand is None:
        raise RuntimeError("only a thread can wait: rtos.wait() does it for others")
    if error is None:
        return serve(strand, value)
    strand.state = _SERVED
    end_answer(strand, OSError(error) if isinstance(error, int) else error)
    return strand.answer


def park(waiters=None, timeout_ms=None):
    """An awaitable that ends with waiters.wake(value), or with OSError(ETIMEDOUT).

    Without waiters it ends, well, when the time is up or ready() is called. A value that is not
    None allocates an exception.
    """
    strand = core.begin()
    if strand is None:
        return outside(None, "park", waiters, timeout_ms)
    if waiters is None:
        if timeout_ms == 0:  # to sleep for no time is to let the equals run
            strand.state = _GIVES_WAY
            strand.valued = False
            strand.key(strand)
            return strand.place
        if timeout_ms is not None:
            limit_time(strand, timeout_ms)
    else:
        if not isinstance(waiters, Waiters):
            raise TypeError("park(waiters): pass a Waiters or None")
        if timeout_ms is not None and limit_time(strand, timeout_ms):
            return strand.answer
    strand.state = _BEGUN
    key_answer(strand)
    if waiters is not None:
        join(strand, waiters)
    return strand.answer


class Waiters(Waitable):
    """A list of strands, by priority and first come first served."""

    def wake(self, value=None):
        """Make the first strand ready. Returns its owner, or None if nobody waits."""
        if not self.waiting:
            return None
        core.busy = True
        strand = take_first(self) if self.waiting else None
        if strand is not None:
            core.wake(strand, value)
        core.busy = False
        if strand is None:
            return None
        core.preempt(strand)
        return strand.owner

    def first(self):
        """The strand that wake() would wake, or None."""
        task = self.queue.peek()
        return None if task is None else task.coro

    def __len__(self):
        return self.waiting

    def __bool__(self):
        return self.waiting > 0


def expire():
    """Make ready whose time is up.

    Returns ms until the next deadline, or None: set the alarm to that; it may be earlier than need
    be. False: the alarm is right as it is.
    """
    if not core.attention & core.STALE:
        return False
    while True:
        due = take_due()
        if due is None or isinstance(due, int):
            core.attention &= ~core.STALE
            return due
        core.busy = True
        left = leave(due)
        if left is not None and due.state != _QUEUED:
            due.error = ETIMEDOUT
        core.wake(due, None)
        if left is not None:
            left.renew()
        core.busy = False
        core.preempt(due)


def _alarm(_, __):
    core.attention |= core.STALE


def alarm(_=None, __=None):
    """The time that expire() returned is over. A callback for any timer, in any context."""
    if core.in_isr():
        core.post(_alarm, None)
    else:
        core.attention |= core.STALE
        core.kick()
