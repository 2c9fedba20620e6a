"""The twin in Python of the core in C: strands, those that are ready, and what waits.

Names, messages and the order of events are those of boards/native/src, and so are the tests.

- A strand parks on the iterator of a deque. It yields the strand once after each append, then it ends,
  and is never used up. What returns a value or raises is map(next, iterator): the deque then holds an
  iterator that raises, a Task of asyncio with StopIteration(value).
- MicroPython runs callbacks at branches of bytecode only, so code without a branch is atomic but for
  hard interrupt handlers, which post. Where a branch is in between, `busy` is set: a drain that finds
  it set leaves and comes again; what soft callbacks call is posted then.
- `top` is the strand that runs. A name of this module costs half of another module's: see run().
"""

from micropython import const

from ._plainplace import end_answer, leave, rekey, unawaited, unkey
from ._plainport import Task, TaskQueue, deque, ticks, ticks_add
from ._plainpost import apply, connect, post
from ._plaintime import clear_deadline

# States of a strand. Once it has yielded, 4 is added: a single store tells that it has.
_RUNS = const(0)
_BEGUN = const(1)  # a wait has begun and is to be awaited
_GIVES_WAY = const(2)
_SERVED = const(3)  # a value or an error waits for the await
_PARKED = const(5)
_GAVE_WAY = const(6)
_QUEUED = const(8)
_EARLY = const(16)  # the wait has ended with an error before the await
_HOST = const(32)  # an event loop runs: its coroutines do not wait for themselves
_ENDED = const(64)
_LOST = const(128)  # has yielded what no kernel knows
_BASE = const(256)

# In `attention`, above the depth of lock().
_DEPTH = const(255)
STALE = const(256)  # the alarm is to be set
_BUDGET = const(512)
_DOOM = const(1024)  # a strand is doomed

_DONE = const(0)
_AGAIN = const(1)
_OVER = const(2)
_BUDGET_PRIORITY_MAX = const(31)
_PRIORITIES = const(56)
# Of the counted cycles: so that the sum of two is a small int.
_LOW = const(0x1FFFFFFF)
_MASK = const(0x3FFFFFFF)
# A drain that comes again so often has not interrupted the core: an exception has left it.
_REFUSED_MAX = const(500)


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
        self.key = items.append
        self.step = coroutine.send
        self.runs = 0
        self.low = 0
        self.high = 0
        self.node = Task(self)  # in the ready ones or in what it waits for
        self.urgency = -priority
        self.priority = priority
        self.own_priority = priority
        self.owner = owner
        self.coroutine = coroutine
        self.value = None
        self.error = None
        self.doom = None
        self.waits_for = None
        self.timed = False
        self.host = False
        self.unkey = items.pop
        self.valued = False  # waits on answer, not on place
        self.answer = None  # the place that can return a value, made when first used
        self.alarm = None
        self.held = None  # mutexes that others wait for
        self.gone = False
        self.before = 0  # the priority that it had when step number before_run began
        self.before_run = -1

    def __repr__(self):
        return "<Strand %d%s%s>" % (
            self.priority,
            " parked" if self.parked else "",
            " ready" if self.queued else "",
        )

    def __getattr__(self, name):
        state = self.state
        if name == "parked":
            return state in (_PARKED, _GAVE_WAY, _QUEUED, _ENDED)
        if name == "queued":
            return state in (_QUEUED, _GAVE_WAY)
        if name == "stepping":
            return state < _PARKED or state in (_EARLY, _HOST)
        if name == "cycles":
            return self.high << 29 | self.low
        raise AttributeError(name)

    def set_priority(self, priority):
        """Set the strand's own priority; what it has inherited stays while it is needed."""
        if not 0 < priority < _PRIORITIES:
            raise ValueError("priorities are 1 to 55")
        before = self.priority
        self.own_priority = priority
        renew_priority(self)
        if self.priority < before:
            kick()  # others may be more urgent now

    def set_host(self, host):
        """Say whether the strand runs an event loop, whose coroutines do not wait for themselves."""
        self.host = host
        if self.state == (_RUNS if host else _HOST):
            self.state = _HOST if host else _RUNS
        if self.step != self._raise:
            self.step = self._step_host if host else self.coroutine.send

    def _step_host(self, _):
        self.state = _HOST
        return self.coroutine.send(None)

    def cancel(self, error):
        """End the wait with the error. Returns whether the strand waits.

        One that runs, or has been served already, gets the error at its next await instead.
        """
        global attention, busy
        if self.coroutine is None:
            return False
        if busy:
            post(_cancel, self, error)
            return False
        busy = True
        waits = self.state == _PARKED and self.runs > 0
        if waits:
            left = leave(self)
            self.error = error
            wake(self, None)
            if left is not None:
                left.renew()
        elif self.error is None:
            self.doom = error
            attention |= _DOOM
        else:
            self.error = error
        busy = False
        if waits:
            preempt(self)
        return waits

    def pardon(self, error):
        """Take back a cancel(error) that has not been raised. Returns whether there was one."""
        doomed = self.doom is error
        if doomed:
            self.doom = None
        return doomed

    def fail(self, error):
        """Resume the coroutine with throw(error). For a strand that run() has returned."""
        global busy
        busy = True
        forget(self)
        self.doom = None
        self.error = error
        self.state = _PARKED
        wake(self, None)
        busy = False
        preempt(self)

    def finish(self):
        """End the strand now: close its coroutine. What that raises goes to the caller."""
        coroutine = self.coroutine
        if coroutine is None:
            return
        if self.stepping:
            raise RuntimeError("a strand that runs ends by itself")
        self.coroutine = None
        self.doom = None
        self.step = _rest
        self.close()
        self.state = _ENDED
        coroutine.close()

    def close(self):
        """Forget the wait, and that the strand is ready."""
        global busy
        busy = True
        if self.state == _QUEUED:
            self.state = _PARKED
            _ready.remove(self.node)
        forget(self)
        busy = False

    def _raise(self, _):
        """Stands in for send() when an error is to be raised."""
        self.step = self._step_host if self.host else self.coroutine.send
        error = self.error
        self.error = None
        if isinstance(error, int):
            error = OSError(error)
        return self.coroutine.throw(error)


class _Nobody:
    """What is `top` at the base level, and below all that are ready."""

    def __init__(self):
        self.state = _BASE
        self.owner = None
        self.host = False
        self.priority = self.before = self.low = self.high = self.runs = 0
        self.before_run = -1
        self.node = Task(self)
        self.step = _rest


def _rest(_):
    return None


def _cancel(strand, error):
    strand.cancel(error)


nobody = _Nobody()
top = nobody
busy = False
attention = 0
_frames = []  # what the calls of run() have interrupted
_ready = TaskQueue()
_push = _ready.push
_pop = _ready.pop
_push(_Nobody().node, 0)  # so that pop() never finds it empty
_drain = None
outside = None
_resched = False
_refused = 0
_stolen = 0  # cycles of runs on top of this one
_budget_start = 0
_budget_cycles = 0


def _in_no_isr():
    return False


in_isr = _in_no_isr


def set_hooks(drain, hook, isr):
    """For configure(): the drain, what makes awaitables for callers that are no threads, in_isr()."""
    global _drain, outside, in_isr
    _drain = drain
    outside = hook
    in_isr = isr or _in_no_isr


def reset():
    """As after a reset of the board."""
    global top, busy, attention, _resched
    top = nobody
    busy = _resched = False
    attention = 0
    del _frames[:]
    while _ready.peek() is not None:
        task = _pop()
        task.coro.state = _PARKED
    _push(_Nobody().node, 0)


# ---- The ready ones


def kick():
    """Have the drain called soon. If MicroPython's queue is full: at the next chance."""
    global _resched
    if attention & _DEPTH:
        _resched = True
    elif _drain is not None:
        _resched = not _drain.pend()


def _priority_of(strand):
    if strand.before_run == strand.runs:
        return max(strand.priority, strand.before)
    return strand.priority


def limit():
    """The priority that a strand must exceed to interrupt what runs now."""
    found = _priority_of(top)
    for strand in _frames:
        found = max(found, _priority_of(strand))
    return found


def preempt(strand):
    """Kick if the strand is to run before what runs now."""
    if strand.state == _QUEUED and strand.priority > top.priority and strand.priority > limit():
        kick()


def wake(strand, value):
    """Make ready a strand that has left its list; `busy` is set or the kernel locked."""
    if strand.timed:
        clear_deadline(strand)
    state = strand.state
    if state == _PARKED:
        if strand.error is not None:
            strand.step = strand._raise
        elif value is not None and strand.valued:
            end_answer(strand, StopIteration(value))
        strand.state = _QUEUED
        _push(strand.node, strand.urgency)
    elif state == _BEGUN:
        if strand.error is not None:
            strand.state = _EARLY
        else:
            unkey(strand)
            strand.state = _RUNS
            if value is not None and strand.valued:
                strand.state = _SERVED
                end_answer(strand, StopIteration(value))


def ready(strand, value=None):
    """Make a strand ready, or have its begun wait end. Any context."""
    global busy
    if not isinstance(strand, Strand):
        raise TypeError("pass a Strand")
    if in_isr() or busy:
        post(ready, strand, value)
        return
    if strand.coroutine is None:
        return
    busy = True
    left = leave(strand)
    wake(strand, value)
    if left is not None:
        left.renew()
    busy = False
    preempt(strand)


def run(floor):
    """Step ready strands above the floor and above those that this call interrupts.

    Returns 0: none is left. 1: the alarm is to be set; call again. 2: the time budget is used up.
    A Strand: it has ended (its coroutine is None), or it has yielded what no kernel knows, see its
    value.
    """
    global top, busy, _stolen
    below = top
    # A call below this one may have taken the last of the queue, which is never empty otherwise.
    careful = floor > 0 or below is not nobody or len(_frames) > 0
    strand = None
    started = since = ticks()
    _frames.append(below)
    try:
        while True:
            if attention or careful:
                strand = _choose(strand, floor)
                if isinstance(strand, int):
                    return strand
                busy = False
            else:
                strand = _pop().coro
            # No branch from here: a strand that has left the queue must get its step.
            strand.state = _RUNS
            top = strand
            strand.runs += 1
            result = strand.step(None)
            strand.state |= 4
            top = below
            now = ticks()
            if _stolen:
                since = ticks_add(since, _stolen)
                _stolen = 0
            low = strand.low + (now - since & _LOW)
            since = now
            if low > _LOW:
                strand.high += 1
                low &= _LOW
            strand.low = low
            state = strand.state
            if result is strand and state == _PARKED:
                continue
            if result is strand and state == _GAVE_WAY:
                if not attention:
                    strand.state = _QUEUED
                    _push(strand.node, strand.urgency)
            elif strand.priority == 0:
                _push(strand.node, 0)
                return _DONE
            elif not _misstep(strand, result):
                return strand
    except BaseException as error:
        busy = False
        if top is not strand or strand is below:
            if strand is not None and strand.state == _GAVE_WAY:
                strand.state = _QUEUED
                _push(strand.node, strand.urgency)
            raise
        top = below
        _end(strand, error)
        return strand
    finally:
        top = below
        _frames.pop()
        if below is not nobody:
            _stolen += ticks() - started & _LOW


def _choose(last, floor):
    """What to step when there is something to heed, or what run() is to return."""
    global attention, busy
    if last is not None:
        if last.state == _PARKED or last.state == _GAVE_WAY:
            if last.doom is not None:
                return _throw(last, last.doom)
            if attention & _DEPTH:
                return _throw(last, RuntimeError("await with the kernel locked: unlock first"))
        if last.state == _GAVE_WAY:
            last.state = _QUEUED
            _push(last.node, last.urgency)
    if attention & STALE:
        return _AGAIN
    over = attention & _BUDGET and (ticks() - _budget_start) & _MASK >= _budget_cycles
    busy = True
    task = _ready.peek()
    if task is not None:
        strand = task.coro
        priority = strand.priority
        if priority > floor and priority > limit():
            if over and priority <= _BUDGET_PRIORITY_MAX:
                busy = False
                return _OVER
            _pop()
            return strand
    busy = False
    return _DONE


def _throw(strand, error):
    """Have the wait that a strand has just begun end with an error at once."""
    global busy
    forget(strand)
    strand.doom = None
    strand.error = error
    strand.step = strand._raise
    busy = True
    return strand


def _misstep(strand, result):
    """A strand has yielded what it should not. Returns whether that is settled."""
    global busy
    if strand.coroutine is None:
        strand.state = _ENDED
        return True
    if isinstance(result, Strand):
        if result is strand:
            if strand.error is None:
                strand.state = _PARKED
                return True
        else:
            rekey(result)
            strand.error = RuntimeError("a wait belongs to the thread that began it")
        strand.state = _PARKED
        busy = True
        wake(strand, None)
        busy = False
        return True
    strand.state = _LOST
    strand.value = result
    return False


def _end(strand, error):
    forget(strand)
    strand.state = _ENDED
    strand.coroutine = None
    strand.step = _rest
    strand.value = None
    strand.error = error
    if isinstance(error, StopIteration):
        strand.value = error.value
        strand.error = None


# ---- Waiting


def forget(strand):
    """Forget a wait, of any kind, begun or served; `busy` is set."""
    left = leave(strand)
    if strand.timed:
        clear_deadline(strand)
    state = strand.state
    if state in (_BEGUN, _GIVES_WAY, _EARLY):
        unkey(strand)
        strand.state = _RUNS
    elif state == _SERVED:
        unawaited(strand)
        strand.state = _RUNS
    strand.value = None
    strand.error = None
    strand.valued = False
    if left is not None:
        left.renew()


def begin():
    """The strand that may wait now; None: the caller is no thread."""
    global busy
    if in_isr():
        raise RuntimeError(
            "an interrupt handler cannot wait: set a flag or release a semaphore there"
        )
    strand = top
    if not strand.state:
        strand.valued = False
        return strand
    if strand is nobody or strand.host:
        return None
    state = strand.state
    if state in (_BEGUN, _EARLY) or (state == _SERVED and unawaited(strand)):
        busy = True
        forget(strand)
        busy = False
        raise RuntimeError("the wait before this one was not awaited")
    if state == _GIVES_WAY:
        unkey(strand)
    strand.state = _RUNS
    strand.valued = False
    return strand


# ---- Priority


def renew_priority(strand):
    """Give a strand its own priority or that of those who wait for a mutex that it holds."""
    priority = strand.own_priority
    mutex = strand.held
    while mutex is not None:
        task = mutex.queue.peek()
        if task is not None and task.coro.priority > priority:
            priority = task.coro.priority
        mutex = mutex.next_held
    if priority == strand.priority:
        return
    if priority < strand.priority and strand.before_run != strand.runs:
        strand.before_run = strand.runs
        strand.before = strand.priority
    waitable = strand.waits_for
    queue = None
    if strand.state == _QUEUED:
        queue = _ready
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


def raise_owner(owner):
    """Renew the priority of who may be ready."""
    before = owner.priority
    renew_priority(owner)
    if owner.priority > before:
        preempt(owner)


def budget(cycles):
    """From now on run() gives strands up to Normal that much time; 0 takes it back."""
    global attention, _budget_start, _budget_cycles
    _budget_start = ticks()
    _budget_cycles = cycles
    if cycles:
        attention |= _BUDGET
    else:
        attention &= ~_BUDGET


def running():
    """The owner of the strand that runs, or None at the base level."""
    return top.owner


def in_thread():
    """Whether the caller is a thread, which can wait, or was one when it was interrupted."""
    return top is not nobody and not top.host


# ---- The lock


def lock():
    """Nothing preempts the code up to unlock() but interrupt handlers and callbacks."""
    global attention
    if attention & _DEPTH == _DEPTH:
        raise RuntimeError("the kernel is locked 255 times")
    attention += 1


def unlock():
    """The end of lock(): what was to preempt does it now."""
    global attention
    if not attention & _DEPTH:
        raise RuntimeError("the kernel is not locked")
    attention -= 1
    if _resched and not attention & _DEPTH:
        kick()


def locked():
    """Whether the kernel is locked."""
    return attention & _DEPTH != 0


def enter(reserve):
    """What a drain does first: make the posted calls.

    Returns 0: the kernel is locked; leave. 1: it runs over the base level. 2: over a strand.
    """
    global _resched, _refused, busy
    if attention & _DEPTH:
        _resched = True
        return 0
    if busy:
        _refused += 1
        if _refused < _REFUSED_MAX:
            kick()
            return 0
        busy = False
    _refused = 0
    apply()
    return 1 if top is nobody else 2


connect(kick)
