"""Semaphore and EventFlags of the twin of the core."""

from micropython import const

import rtos._plain as core

from ._plainplace import OVER, Waitable, arm_answer, join, take_first
from ._plainport import TaskQueue
from ._plainpost import post
from ._plainstrand import begin
from ._plainwait import limit_time, outside, serve

_BEGUN = const(1)
_COUNT_MAX = const(0x3FFFFFFF)
_BITS_ALL = 0x7FFFFFFF


def _release(semaphore, _):
    semaphore.release()


def _set(flags, bits):
    flags.set(bits)


class Semaphore(Waitable):
    """A count that strands wait for. Every method but acquire() works in any context.

    An acquire() takes off one first and asks then; while others run in between, the count is
    too low by that.
    """

    def __init__(self, count=0, max=_COUNT_MAX):
        if not 0 < max <= _COUNT_MAX or not 0 <= count <= max:
            raise ValueError(
                "Semaphore(count, max): 0 <= count <= max, and max from 1 to 2**30 - 1"
            )
        super().__init__()
        self._count = count
        self._max = max
        # release() has to look at more than the count; 2**29 times more is taken for never.
        self._always_slow = max != _COUNT_MAX or count > _COUNT_MAX >> 1
        self._slow = self._always_slow

    def __repr__(self):
        return "<Semaphore %d>" % self._count

    def acquire(self, timeout_ms=None):
        """Awaitable of one of the count. Raises OSError(ETIMEDOUT)."""
        strand = core.top
        if strand.state:
            strand = begin()
            if strand is None:
                return outside(self, "acquire", timeout_ms)
        count = self._count - 1
        self._count = count
        if count >= 0:
            return strand.place
        return self._wait(strand, timeout_ms)

    __aenter__ = acquire

    def _wait(self, strand, timeout_ms):
        core.busy = True
        self._count += 1
        try:
            if self._count > 0:
                self._count -= 1
                return strand.place
            if limit_time(strand, timeout_ms):
                return strand.answer
            strand.state = _BEGUN
            strand.arm(strand)
            self._slow = True
            join(strand, self)
            return strand.place
        finally:
            core.busy = False

    def try_acquire(self):
        """Whether there was one to take."""
        count = self._count - 1
        self._count = count
        if count < 0:
            self._count += 1
            return False
        return True

    def release(self):
        """Give one back. Returns False if the count is at its maximum. Any context."""
        if core.in_isr():
            return post(_release, self)
        self._count += 1
        if self._slow:
            return self._settle()
        return True

    def __aexit__(self, _, __, ___):
        self.release()
        return OVER

    def _settle(self):
        """Somebody may wait for what was released, or it may be too much."""
        if core.busy:
            self._count -= 1
            return post(_release, self)
        core.busy = True
        strand = None
        while self._count > 0 and self.waiting:
            self._count -= 1
            strand = take_first(self)
            core.wake(strand, None)
        fits = self._count <= self._max
        if not fits:
            self._count -= 1
        if not self.waiting:
            self._slow = self._always_slow
        core.busy = False
        if strand is not None:
            core.preempt(strand)
        return fits

    def count(self):
        """How many there are to take."""
        return self._count


def _check(bits):
    try:
        if bits >> 31 == 0:
            return bits
    except TypeError:
        raise TypeError("flags are an int") from None
    raise ValueError("flags are bits 0 to 30; bit 31 cannot be used")


class EventFlags(Waitable):
    """31 bits that strands wait for, any or all of some. Setting works in any context."""

    def __init__(self):
        super().__init__()
        self._bits = 0
        self._spare = TaskQueue()

    def __repr__(self):
        return "<EventFlags 0x%x>" % self._bits

    def set(self, bits):
        """Set bits. Returns the flags after it. Any context."""
        if bits >> 31 if isinstance(bits, int) else True:
            _check(bits)
        if core.in_isr() or core.busy:
            post(_set, self, bits)
            return self._bits | bits
        self._bits |= bits
        if self.waiting:
            self._serve()
        return self._bits

    def _serve(self):
        """Serve the waiting strands, in their order."""
        core.busy = True
        rest = self._spare
        strand = None
        for _ in range(self.waiting):
            task = self.queue.pop()
            other = task.coro
            wanted = other.bits
            got = self._bits
            if (got & wanted == wanted) if other.all else (got & wanted):
                self.waiting -= 1
                other.waits_for = None
                if other.clears:
                    self._bits &= ~wanted
                core.wake(other, got)
                if strand is None:
                    strand = other
            else:
                rest.push(task, other.urgency)
        self._spare = self.queue
        self.queue = rest
        core.busy = False
        if strand is not None:
            core.preempt(strand)

    def clear(self, bits=_BITS_ALL):
        """Clear bits. Returns the flags before it. Any context but a hard interrupt handler."""
        _check(bits)
        before = self._bits
        self._bits &= ~bits
        return before

    def get(self):
        """The flags."""
        return self._bits

    def wait_any(self, bits, clear=True, timeout_ms=None):
        """Awaitable of the flags before clearing, as soon as one of the bits is set."""
        return self._wait("wait_any", False, bits, clear, timeout_ms)

    def wait_all(self, bits, clear=True, timeout_ms=None):
        """Awaitable of the flags before clearing, as soon as all of the bits are set."""
        return self._wait("wait_all", True, bits, clear, timeout_ms)

    def _wait(self, name, all, bits, clear, timeout_ms):
        if not _check(bits):
            raise ValueError("wait for one flag at least")
        strand = begin()
        if strand is None:
            return outside(self, name, bits, bool(clear), timeout_ms)
        core.busy = True
        try:
            got = self._bits
            if (got & bits == bits) if all else (got & bits):
                if clear:
                    self._bits &= ~bits
                return serve(strand, got)
            if limit_time(strand, timeout_ms):
                return strand.answer
            strand.bits = bits
            strand.all = all
            strand.clears = clear
            strand.state = _BEGUN
            arm_answer(strand)
            join(strand, self)
            return strand.answer
        finally:
            core.busy = False
