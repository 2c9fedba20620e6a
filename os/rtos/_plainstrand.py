"""Strand of the twin of the core."""

from micropython import const

from ._plainmain import core, post
from ._plainodd import forget, set_doom
from ._plainplace import awaited, disarm, leave, rest
from ._plainport import Task, deque, os_error

_RUNS = const(0)
_GIVES_WAY = const(2)
_SERVED = const(3)
_PARKED = const(5)
_GAVE_WAY = const(6)
_QUEUED = const(8)
_FAILED = const(16)
_HOST = const(32)
_ENDED = const(64)
_ALERT = const(512)
_HANDED = const(1024)

_PRIORITIES = const(56)


def _post_cancel(strand, error):
    strand.cancel(error)


def _post_priority(strand, priority):
    strand.set_priority(priority)


def _exception_of(error):
    """An exception of what cancel() takes: one, its class, or an errno."""
    if isinstance(error, int):
        return os_error(error)
    return error() if isinstance(error, type) else error


class Strand:
    """A coroutine, its place in the queues, and what it parks on.

    coroutine: what is stepped. owner: what running() returns. priority: 1 to 55.
    """

    def __init__(self, coroutine, owner, priority):
        if not 0 < priority < _PRIORITIES:
            raise ValueError("priorities are 1 to 55")
        items = deque((), 2)
        self.state = _PARKED
        self.place = iter(items)
        self.arm = items.append  # with the strand: the next await of the place yields it
        self.step = self.send = coroutine.send
        self.runs = 0
        self.low = self.high = 0  # of its cycles
        self.node = Task(self)  # among the ready ones or in what it waits for
        self.urgency = -priority
        self.priority = self.own_priority = priority
        self.owner = owner
        self.coroutine = coroutine
        self.value = None
        self.error = None
        self.doom = None  # what its next await raises, whatever that waits for
        self.waits_for = None
        self.timed = False
        self.early = False  # ready() has come before the park() that it is for
        self.host = False
        self.end = None  # of _plainplace.py
        self.alarm = None
        self.held = None  # the first of the mutexes that it owns and others wait for
        self.gone = False

    def __repr__(self):
        return "<Strand %d%s%s>" % (
            self.priority,
            " parked" if self.parked else "",
            " ready" if self.queued else "",
        )

    # For the answer of _plainplace.py: next(strand) is to be true, by a function of C.
    __next__ = globals

    def __getattr__(self, name):
        state = self.state
        if name == "parked":
            return state in (_PARKED, _GAVE_WAY, _QUEUED, _ENDED)
        if name == "queued":
            return state in (_QUEUED, _GAVE_WAY)
        if name == "stepping":
            return state < _PARKED or state in (_FAILED, _HOST, _ALERT, _HANDED)
        if name == "cycles":
            return self.high << 29 | self.low
        raise AttributeError(name)

    def set_priority(self, priority):
        """Set the strand's own priority; what it has inherited stays while it is needed."""
        if not 0 < priority < _PRIORITIES:
            raise ValueError("priorities are 1 to 55")
        refuse_isr()
        if core.busy:
            post(_post_priority, self, priority)
            return
        before = self.priority
        self.own_priority = priority
        core.busy = True
        inherit(self)
        core.busy = False
        if self.priority < before:
            core.kick()  # others may be more urgent now
        else:
            core.preempt(self)

    def set_host(self, host):
        """Say whether the strand runs an event loop, whose coroutines do not wait for themselves."""
        self.host = host
        if self.state in (_RUNS, _HOST, _ALERT):
            self.state = _HOST if host else self.alertness()
        if self.step != self.raises and self.coroutine is not None:
            self.step = self.step_host if host else self.send

    def step_host(self, _):
        """Stands in for send() in the host of an event loop."""
        self.state = _HOST
        return self.send(None)

    def step_doomed(self, _):
        """Stands in for send() when the strand was doomed while it was ready."""
        self.step = self.send
        self.state = self.alertness()
        return self.send(None)

    def alertness(self):
        """Its state while it runs and no wait has begun."""
        return _RUNS if self.doom is None and not self.early else _ALERT

    def raises(self, _):
        """Stands in for send() when an error is to be raised."""
        self.step = self.step_host if self.host else self.send
        error = _exception_of(self.error)
        self.error = None
        if self.runs == 1:
            raise error  # nothing in the coroutine could catch it yet
        return self.coroutine.throw(error)

    def rearm(self):
        """Another strand has awaited its wait: have it yield the strand once more."""
        self.arm(self)

    def cancel(self, error):
        """End the wait with the error. Returns whether the strand waits, or has not started.

        One that runs, or has been served already, gets the error at its next await instead. One that
        has not started gets it in place of its first statement.
        """
        refuse_isr()
        if self.coroutine is None:
            return False
        if core.busy:
            post(_post_cancel, self, error)
            return False
        core.busy = True
        started = self.runs > 0
        waits = self.state == _PARKED
        if waits:
            left = leave(self)
            self.error = error
            core.wake(self, None)
            if left is not None:
                left.renew()
        elif not started or self.error is not None:
            self.error = error
            if self.state == _QUEUED:
                self.step = self.raises
        else:
            set_doom(self, error)
            if self.state == _RUNS:
                self.state = _ALERT
            elif self.state == _HANDED:
                self.state = _SERVED
            elif self.state in core.IN_QUEUE and not self.host:
                self.step = self.step_doomed
        core.busy = False
        if waits:
            core.preempt(self)
        return waits or not started

    def pardon(self, error):
        """Take back a cancel(error) that has not been raised. Returns whether there was one."""
        doomed = self.doom is error and self.state != _FAILED
        if doomed:
            set_doom(self, None)
        return doomed

    def fail(self, error):
        """Resume the coroutine with throw(error). For a strand that run() has returned."""
        core.busy = True
        forget(self)
        set_doom(self, None)
        self.error = error
        self.state = _PARKED
        core.wake(self, None)
        core.busy = False
        core.preempt(self)

    def finish(self):
        """End the strand now: close its coroutine. What that raises goes to the caller."""
        coroutine = self.coroutine
        if coroutine is None:
            return
        if self.stepping:
            raise RuntimeError("a strand that runs ends by itself")
        self.coroutine = None
        set_doom(self, None)
        self.step = rest
        self.close()
        self.state = _ENDED
        coroutine.close()

    def close(self):
        """Forget the wait, and that the strand is ready."""
        core.busy = True
        forget(self)
        if self.stepping:
            self.state = _HOST if self.host else self.alertness()
        core.busy = False


# ---- For the other files


def ready(strand, value=None):
    """Start a strand, or end its park() without waiters, also one that it only begins after this.

    What waits for something else, or is ready already, is left alone. Any context.
    """
    if not isinstance(strand, Strand):
        raise TypeError("pass a Strand")
    if core.is_isr() or core.busy:
        post(ready, strand, value)
        return
    if strand.waits_for is not None:
        return
    core.busy = True
    if strand.state == _HANDED:
        strand.state = _SERVED
    if strand.state == _SERVED:
        if disarm(strand):
            strand.arm(strand.end)  # not awaited yet
        elif strand.end.state is False:
            strand.state = strand.alertness()
    state = strand.state
    if state in (_RUNS, _ALERT, _HOST):
        if not strand.early:
            strand.early = True
            strand.value = value
            if state == _RUNS:
                strand.state = _ALERT
    elif strand.coroutine is not None:
        core.wake(strand, value)
    core.busy = False
    core.preempt(strand)


def refuse_isr():
    if core.is_isr():
        raise RuntimeError("not in an interrupt handler: post() it")


def caller():
    """The strand that may wait now; None: the caller is no thread."""
    if core.in_isr is not None and core.in_isr():
        raise RuntimeError(
            "an interrupt handler cannot wait: set a flag or release a semaphore there"
        )
    strand = core.top
    state = strand.state
    if state in (_SERVED, _HANDED):
        if awaited(strand):
            strand.state = _RUNS if strand.doom is None and not strand.early else _ALERT
            return strand
    elif state == _RUNS or state == _ALERT:  # noqa: SIM109 (a tuple costs twice as much)
        return strand
    elif strand is core.nobody or strand.host:
        return None
    core.busy = True
    forget(strand)
    if state == _FAILED:
        set_doom(strand, None)
    strand.state = strand.alertness()
    core.busy = False
    if not state & _GIVES_WAY or state == _SERVED:
        raise RuntimeError("the wait before this one was not awaited")
    return strand


def begin():
    """The same for a wait that has given nothing yet: what dooms the strand is raised here."""
    strand = caller()
    if strand is None or strand.state == _RUNS:
        return strand
    strand.early = False
    strand.state = _RUNS
    if strand.doom is not None:
        error = _exception_of(strand.doom)
        set_doom(strand, None)
        raise error
    return strand


core.begin = begin


# ---- Priority


def inherit(strand):
    """Give a strand its own priority or that of those who wait for a mutex that it holds.

    And so on along the chain, if it waits for a mutex itself; be `busy`.
    """
    priority = strand.own_priority
    mutex = strand.held
    while mutex is not None:
        task = mutex.queue.peek()
        if task is not None and task.coro.priority > priority:
            priority = task.coro.priority
        mutex = mutex.next_held
    if priority == strand.priority:
        return
    waitable = strand.waits_for
    queue = None
    if strand.state in core.IN_QUEUE:
        queue = core.ready_ones
    elif waitable is not None:
        queue = waitable.queue
    if queue is not None:
        queue.remove(strand.node)
    strand.priority = priority
    strand.urgency = -priority
    if queue is not None:
        queue.push(strand.node, -priority)
    if waitable is not None:
        waitable.renew()
