"""Semaphore and EventFlags of the twin of the core."""

from micropython import const

from ._plainmain import core, post_surely
from ._plainplace import OVER, Waitable, prepare
from ._plainport import TaskQueue
from ._plainwait import limit_time, serve

_BEGUN = const(1)
_COUNT_MAX = const(0x3FFFFFFF)
_BITS_ALL = 0x7FFFFFFF
_int = int  # a name of this module costs a third


class Semaphore(Waitable):
    """A count that strands wait for. Every method but acquire() works in any context.

    An acquire() takes one off first and asks then; while others run in between, the count is
    too low by that.
    """

    def __init__(self, count=0, max=_COUNT_MAX):
        if not 0 < max <= _COUNT_MAX or not 0 <= count <= max:
            raise ValueError(
                "Semaphore(count, max): 0 <= count <= max, and max from 1 to 2**30 - 1"
            )
        super().__init__()
        self.left = count
        self._max = max
        # release() has to look at more than the count; 2**29 times more is taken for never.
        self._always_slow = max != _COUNT_MAX or count > _COUNT_MAX >> 1
        self.slow = self._always_slow

    acquire = core.semaphore_acquire
    release = core.semaphore_release
    __aenter__ = acquire

    def __aexit__(self, _, __, ___):
        self.release()
        return OVER

    def __repr__(self):
        return "<Semaphore %d>" % self.left

    def wait(self, strand, timeout_ms):
        """The long way of acquire(), which has taken one too many."""
        core.busy = True
        self.left += 1
        self.slow = True  # what is released from here on is to be posted
        try:
            if self.left > 0:
                self.left -= 1
                return strand.place
            late = limit_time(strand, timeout_ms)
            if late is not None:
                return late
            strand.state = _BEGUN
            strand.waits_for = self
            self.queue.push(strand.node, strand.urgency)
            strand.arm(strand)
            return strand.place
        finally:
            core.busy = False

    def owe(self, _):
        self.owed += 1

    def pay(self, count):
        for _ in range(count):
            self.release()

    def try_acquire(self):
        """Whether there was one to take."""
        left = self.left - 1
        self.left = left
        if left < 0:
            self.left += 1
            return False
        return True

    def settle(self):
        """The long way of release(): somebody may wait for what was released, or it is too much."""
        if core.busy:
            self.left -= 1
            return post_surely(core.semaphore_release_posted, self, None)
        core.busy = True
        queue = self.queue
        strand = None
        while self.left > 0 and queue.peek() is not None:
            self.left -= 1
            strand = core.wake_first(self, None)
        fits = self.left <= self._max
        if not fits:
            self.left -= 1
        if queue.peek() is None:
            self.slow = self._always_slow
        core.busy = False
        if strand is not None:
            core.preempt(strand)
        return fits

    def count(self):
        """How many there are to take."""
        return self.left


def _refuse(bits):
    """Raise what is wrong with bits, unless that is only that there are none."""
    if not isinstance(bits, int):
        raise TypeError("flags are an int")
    if bits >> 31:
        raise ValueError("flags are bits 0 to 30; bit 31 cannot be used")


class EventFlags(Waitable):
    """31 bits that strands wait for, any or all of some. Setting works in any context."""

    def __init__(self):
        super().__init__()
        self.bits = 0
        self._spare = TaskQueue()

    def __repr__(self):
        return "<EventFlags 0x%x>" % self.bits

    set = core.flags_set

    def owe(self, bits):
        self.owed |= bits

    def pay(self, bits):
        self.set(bits)

    def refuse(self, bits):
        """For set(), which has found something odd."""
        _refuse(bits)

    def serve(self):
        """Serve the waiting strands, in their order; `busy` is set."""
        queue = self.queue
        rest = self._spare
        first = None
        while True:
            task = queue.peek()
            if task is None:
                break
            strand = task.coro
            wanted = strand.bits
            bits = self.bits
            found = bits & wanted
            if found == wanted if strand.all else found:
                if strand.clears:
                    self.bits = bits & ~wanted
                core.wake_first(self, bits)
                if first is None:
                    first = strand
            else:
                rest.push(queue.pop(), strand.urgency)
        self._spare = queue
        self.queue = rest
        if first is not None:
            core.preempt(first)

    def clear(self, bits=_BITS_ALL):
        """Clear bits. Returns the flags before it. Any context but an interrupt handler."""
        _refuse(bits)
        before = self.bits
        self.bits = before & ~bits
        return before

    def get(self):
        """The flags."""
        return self.bits

    wait_any = core.flags_wait_any

    def wait_all(self, bits, clear=True, timeout_ms=None):
        """Awaitable of the flags before clearing, as soon as all of the bits are set.

        Allocates an exception, unless these are the same as the last time.
        """
        return _wait(self, True, bits, clear, timeout_ms)

    def wait(self, all, bits, clear, timeout_ms):
        """wait_any(), or wait_all()."""
        return _wait(self, all, bits, clear, timeout_ms)


def _wait(flags, all, bits, clear, timeout_ms):
    if bits.__class__ is not _int or bits >> 31 or not bits:
        _refuse(bits)
        raise ValueError("wait for one flag at least")
    strand = core.top
    if strand.state:
        strand = core.begin()
        if strand is None:
            name = "wait_all" if all else "wait_any"
            return core.ask_outside(flags, name, bits, bool(clear), timeout_ms)
    core.busy = True
    try:
        got = flags.bits
        found = got & bits
        if found == bits if all else found:
            if clear:
                flags.bits = got & ~bits
            return serve(strand, got)
        if timeout_ms is not None:
            timeout_ms = limit_time(strand, timeout_ms)
            if timeout_ms is not None:
                return timeout_ms
        strand.bits = bits
        strand.all = all
        strand.clears = clear
        strand.state = _BEGUN
        strand.waits_for = flags
        flags.queue.push(strand.node, strand.urgency)
        if strand.end is None:
            prepare(strand)
        strand.arm(strand)
        return strand.answer
    finally:
        core.busy = False
