"""Mutex of the twin of the core: recursive, with inheritance of priority along chains."""

from micropython import const

from ._plainmain import core
from ._plainplace import OVER, Waitable, join, take_first
from ._plainstrand import Strand, begin, inherit
from ._plainwait import limit_time

_BEGUN = const(1)
_DEPTH_MAX = const(0xFFFF)


class Mutex(Waitable):
    """A lock that belongs to a strand, which inherits the priority of those who wait.

    What an owner that has ended still holds is found when somebody asks for it.
    """

    def __init__(self):
        super().__init__()
        self.holder = None
        self._again = 0  # how often its owner has acquired it beyond the first time
        self._abandoned = False
        self.slow = False  # release() has to look at more than the owner
        self._listed = False  # among what the owner holds and others wait for
        self.next_held = None

    def __getattr__(self, name):
        strand = self.holder
        if name == "owner":
            return None if strand is None or strand.gone else strand.owner
        if name == "abandoned":
            return self._abandoned or (strand is not None and strand.gone)
        raise AttributeError(name)

    def __repr__(self):
        strand = self.holder
        if strand is None or strand.gone:
            return "<Mutex free>"
        return "<Mutex of %r>" % (strand.owner,)

    acquire = core.mutex_acquire
    release = core.mutex_release
    __aenter__ = acquire

    def __aexit__(self, _, __, ___):
        self.release()
        return OVER

    def wait(self, timeout_ms):
        """The long way of acquire()."""
        strand = begin()
        if strand is None:
            return core.ask_outside(self, "acquire", timeout_ms)
        core.busy = True
        try:
            if self._take(strand):
                return strand.place
            late = limit_time(strand, timeout_ms)
            if late is not None:
                return late
            strand.state = _BEGUN
            strand.arm(strand)
            join(strand, self)
            self._list()
            self.renew()
            return strand.place
        finally:
            core.busy = False

    def try_acquire(self):
        """Whether the mutex could be taken. Raises RuntimeError outside of threads."""
        strand = core.top
        if strand.host:
            strand = strand.deputy
            if strand is None:
                return core.outside(self, "try_acquire")  # finds a deputy
        if strand is core.nobody or strand.host or core.is_isr():
            raise RuntimeError("only a thread can own a Mutex: use a Semaphore")
        core.busy = True
        try:
            return self._take(strand)
        finally:
            core.busy = False

    def _take(self, strand):
        owner = self.holder
        if owner is None:
            self.holder = strand
        elif owner is strand:
            if self._again == _DEPTH_MAX - 1:
                raise RuntimeError("acquired too often by its owner")
            self._again += 1
            self.slow = True
        elif owner.gone and self.queue.peek() is None:
            self._again = 0
            self._abandoned = self.slow = True
            self.holder = strand
        else:
            return False
        return True

    def pass_on(self):
        """The long way of release()."""
        owner = self.holder
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
        owner = self.holder
        self._unlist()
        self.slow = self._abandoned
        next = None
        self._again = 0
        if self.queue.peek() is not None:
            next = take_first(self)
            self.holder = next
            if self.queue.peek() is not None:
                self._list()
            inherit(next)
            core.wake(next, None)
        else:
            self.holder = None
        inherit(owner)
        return next

    # ---- What the owner inherits

    def _list(self):
        self.slow = True
        if not self._listed:
            self._listed = True
            self.next_held = self.holder.held
            self.holder.held = self

    def _unlist(self):
        if not self._listed:
            return
        self._listed = False
        owner = self.holder
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
        if self.holder is not None:
            inherit(self.holder)

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
