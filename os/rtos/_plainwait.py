"""Waiting, in the twin of the core: park, yield_, served, Waiters, and deadlines."""

from errno import ETIMEDOUT

from micropython import const

from ._plainmain import core, post
from ._plainplace import Waitable, leave, prepare, raise_at_once
from ._plainport import TaskQueue, os_error
from ._plainstrand import caller
from ._plaintime import set_clock as set_time
from ._plaintime import set_deadline, take_due

_RUNS = const(0)
_BEGUN = const(1)
_GIVES_WAY = const(2)
_SERVED = const(3)
_QUEUED = const(8)


def limit_time(strand, timeout_ms):
    """Set an alarm for the wait to come; None is for ever. If the time is up: an awaitable that says so."""
    if timeout_ms is None:
        return None
    if type(timeout_ms) is not int or timeout_ms < 0 or timeout_ms >> 30:
        raise ValueError("a time is None for ever, or 0 to 2**30 - 1 ms")
    if timeout_ms == 0:
        if strand.doom is None:
            strand.state = _SERVED
            return raise_at_once(strand, os_error(ETIMEDOUT))
        strand.state = _BEGUN
        strand.arm(strand)
        return strand.place
    if set_deadline(strand, timeout_ms):
        core.attention |= core.STALE
    return None


def serve(strand, value):
    """An awaitable that returns the value at once."""
    if value is None:
        return strand.place
    if strand.state == _RUNS:
        return core.hand(strand, value)
    end = core.hand(strand, value)
    strand.state = _SERVED
    return end


def served(value=None):
    """An awaitable that returns the value at once. Allocates, unless that is None."""
    strand = caller()
    if strand is None:
        raise RuntimeError(
            "only a thread can wait: rtos.start(), then rtos.wait(), do it for others"
        )
    strand.early = False
    strand.state = strand.alertness()
    return serve(strand, value)


def park(waiters=None, timeout_ms=None):
    """An awaitable that ends with waiters.wake(value), or with OSError(ETIMEDOUT).

    Without waiters it ends, well, when the time is up or ready() is called. A value that is not None
    allocates an exception.
    """
    strand = core.top
    if strand.state:
        strand = caller()
        if strand is None:
            return core.ask_outside(None, "park", waiters, timeout_ms)
        early = strand.early
        strand.early = False
        if waiters is None and early and timeout_ms != 0 and strand.doom is None:
            strand.state = _RUNS
            return serve(strand, strand.value)
    if waiters is None and timeout_ms == 0:  # to sleep for no time is to let the equals run
        strand.state = _GIVES_WAY
        core.push(strand.node, strand.urgency)
        strand.arm(strand)
        return strand.place
    if waiters is not None and not isinstance(waiters, Waiters):
        raise TypeError("park(waiters): pass a Waiters or None")
    if timeout_ms is None:
        return _begin_wait(strand, waiters)
    core.busy = True  # or the time is up before the wait has begun
    try:
        late = limit_time(strand, timeout_ms)
        return _begin_wait(strand, waiters) if late is None else late
    finally:
        core.busy = False


def sleep_ms(ms):
    """Let others run for `ms` milliseconds. Awaitable of None; 0 is yield_().

    ms: 0 to 2**30 - 1, 12 days. Raises ValueError. Context: thread.
    """
    return park(None, ms)


def _begin_wait(strand, waiters):
    if strand.end is None:
        prepare(strand)
    if waiters is not None:
        strand.waits_for = waiters
        waiters.queue.push(strand.node, strand.urgency)
    # No branch before the end, unless `busy`: a wait that has begun can be woken.
    strand.state = _BEGUN
    strand.arm(strand)
    return strand.answer


class Waiters(Waitable):
    """A list of strands, by priority and first come first served."""

    def wake(self, value=None):
        """Make the first strand ready. Returns its owner, or None if nobody waits."""
        core.busy = True
        if self.queue.peek() is None:
            core.busy = False
            return None
        strand = core.wake_first(self, value)
        core.busy = False
        core.preempt(strand)
        return strand.owner

    def first(self):
        """The strand that wake() would wake, or None."""
        task = self.queue.peek()
        return None if task is None else task.coro

    def __len__(self):
        core.busy = True
        rest = TaskQueue()
        queue = self.queue
        n = 0
        while queue.peek() is not None:
            task = queue.pop()
            rest.push(task, task.coro.urgency)
            n += 1
        self.queue = rest
        core.busy = False
        return n

    def __bool__(self):
        return self.queue.peek() is not None


# ---- Time


def set_clock(ms):
    """Time stands still at `ms` until the next call; None: the board's clock again."""
    core.attention |= core.STALE  # what the alarm was set to means another time now
    set_time(ms)


_next_ms = None


def next_ms():
    """What expire() has said last."""
    return _next_ms


def expire():
    """Make ready whose time is up.

    Returns ms until the next deadline, or None: set the alarm to that; it may be earlier than need
    be. False: the alarm is right as it is.
    """
    global _next_ms
    if not core.attention & core.STALE:
        return False
    core.attention &= ~core.STALE  # first: alarm() may come while this looks
    while True:
        core.busy = True
        strand = take_due()
        if strand is None or isinstance(strand, int):
            core.busy = False
            _next_ms = strand
            return strand
        if strand.state != _QUEUED and strand.doom is None:
            left = leave(strand)
            if left is not None:
                strand.error = ETIMEDOUT
            core.wake(strand, None)
            if left is not None:
                left.renew()
        core.busy = False
        core.preempt(strand)


def _ring(_, __):
    core.attention |= core.STALE


def alarm(_=None, __=None):
    """The time that expire() returned is over. A callback for any timer, in any context."""
    if core.is_isr():
        post(_ring, None)
    else:
        core.attention |= core.STALE
        core.kick()
