"""Mutex of the twin of the core: recursive, with inheritance of priority along chains."""

from micropython import const

import rtos._plain as core

from ._plainplace import OVER, Waitable, join, take_first
from ._plainstrand import Strand, begin, inherit
from ._plainwait import limit_time, outside

_BEGUN = const(1)
_DEPTH_MAX = const(0xFFFF)


class Mutex(Waitable):
    """A lock that belongs to a strand, which inherits the priority of those who wait.

    What an owner that has ended still holds is found when somebody asks for it.
    """

    def __init__(self):
        super().__init__()
        self._owner = None
        self._again = 0  # how often its owner has acquired it beyond the first time
        self._abandoned = False
        self._slow = False  # release() has to look at more than the owner
        self._listed = False  # among what the owner holds and others wait for
        self.next_held = None

    def __getattr__(self, name):
        strand = self._owner
        if name == "owner":
            return None if strand is None or strand.gone else strand.owner
        if name == "abandoned":
            return self._abandoned or (strand is not None and strand.gone)
        raise AttributeError(name)

    def __repr__(self):
        strand = self._owner
        if strand is None or strand.gone:
            return "<Mutex free>"
        return "<Mutex of %r>" % (strand.owner,)

    def acquire(self, timeout_ms=None):
        """Awaitable of the mutex. Raises OSError(ETIMEDOUT)."""
        strand = core.top
        if not strand.state:
            core.busy = True
            if self._owner is None:
                self._owner = strand
                core.busy = False
                return strand.place
            core.busy = False
        strand = begin()
        if strand is None:
            return outside(self, "acquire", timeout_ms)
        core.busy = True
        try:
            if self._take(strand):
                return strand.place
            if limit_time(strand, timeout_ms):
                return strand.answer
            strand.state = _BEGUN
            strand.arm(strand)
            join(strand, self)
            self._list()
            self.renew()
            return strand.place
        finally:
            core.busy = False

    __aenter__ = acquire

    def try_acquire(self):
        """Whether the mutex could be taken. Raises RuntimeError outside of threads."""
        strand = core.top
        if strand.host:
            strand = strand.deputy
            if strand is None:
                return core.outside(self, "try_acquire")  # finds a deputy
        if strand is core.nobody or strand.host or core.in_isr():
            raise RuntimeError("only a thread can own a Mutex: use a Semaphore")
        core.busy = True
        try:
            return self._take(strand)
        finally:
            core.busy = False

    def _take(self, strand):
        owner = self._owner
        if owner is None:
            self._owner = strand
        elif owner is strand:
            if self._again == _DEPTH_MAX - 1:
                raise RuntimeError("acquired too often by its owner")
            self._again += 1
            self._slow = True
        elif owner.gone and not self.waiting:
            self._again = 0
            self._abandoned = self._slow = True
            self._owner = strand
        else:
            return False
        return True

    def release(self):
        """Give the mutex back. Raises RuntimeError if the caller does not own it."""
        top = core.top
        if (
            self._owner is not top and not (top.host and self._owner is top.deputy)
        ) or core.in_isr():
            raise RuntimeError("only its owner can release a Mutex: a Semaphore is for signals")
        core.busy = True
        if self._slow:
            self._release()
            return
        self._owner = None
        core.busy = False

    def __aexit__(self, _, __, ___):
        self.release()
        return OVER

    def _release(self):
        owner = self._owner
        before = owner.priority
        next = None
        try:
            if self._again:
                self._again -= 1
                return
            self._abandoned = False
            next = self.hand_over()
        finally:
            core.busy = False
        if next is not None:
            core.preempt(next)
        if owner.priority < before:
            core.kick()  # there may be others between the two

    def hand_over(self):
        """The next owner is the first in the list: nobody can take the mutex in between."""
        owner = self._owner
        self._unlist()
        self._slow = self._abandoned
        next = None
        self._again = 0
        if self.waiting:
            next = take_first(self)
            self._owner = next
            if self.waiting:
                self._list()
            inherit(next)
            core.wake(next, None)
        else:
            self._owner = None
        inherit(owner)
        return next

    # ---- What the owner inherits

    def _list(self):
        self._slow = True
        if not self._listed:
            self._listed = True
            self.next_held = self._owner.held
            self._owner.held = self

    def _unlist(self):
        if not self._listed:
            return
        self._listed = False
        owner = self._owner
        if owner.held is self:
            owner.held = self.next_held
        else:
            before = owner.held
            while before.next_held is not self:
                before = before.next_held
            before.next_held = self.next_held
        self.next_held = None

    def renew(self):
        """Give the owner the priority that those who wait need, and so on along the chain."""
        if self._owner is not None:
            inherit(self._owner)

    def abandon(self):
        """For abandon(): the owner has ended and others wait."""
        self._abandoned = True
        return self.hand_over()


def abandon(strand):
    """Release what a strand holds that has ended."""
    if not isinstance(strand, Strand):
        raise TypeError("pass a Strand")
    strand.gone = True
    while strand.held is not None:
        core.busy = True
        next = strand.held.abandon()
        core.busy = False
        if next is not None:
            core.preempt(next)
