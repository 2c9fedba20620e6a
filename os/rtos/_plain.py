"""The twin in Python of the core in C; what is called most in one file, as that saves a third.

Names, messages and the order of events are those of boards/native/src, and so are the tests.

- A strand parks on the iterator of a deque: _plainplace.py.
- MicroPython runs callbacks at branches of bytecode only, so code without a branch is atomic but for
  hard interrupt handlers, and these post. Where a branch is in between, `busy` is set: a drain that
  finds it set leaves and comes again, and what soft callbacks call is posted then.
- A name of this module costs 64 instructions, one of another module 184, a builtin 230 to 700, a method of
  a class 400 more than a function. So what is called most is all here: run(), yield_() and the
  short ways of Mutex and Semaphore, whose classes have them as methods.
"""

from micropython import const

import rtos._plainring as ring

from ._plainbudget import count, used_up
from ._plainplace import Nobody, fill, prepare
from ._plainport import TaskQueue, ticks
from ._plainpost import connect, flow
from ._plainring import apply, post_surely

# States of a strand; the other files of the twin have the same. When it yields, 4 is added: a single
# statement tells that it has, before anybody can ask.
_RUNS = const(0)
_BEGUN = const(1)  # has begun a wait, to be awaited
_GIVES_WAY = const(2)  # is among the ready ones already
_SERVED = const(3)  # what it is about to await is there already; not as simple as _HANDED
_PARKED = const(5)
_GAVE_WAY = const(6)
_QUEUED = const(8)
_FAILED = const(16)  # its wait has ended with an error, to be awaited
_HOST = const(32)  # runs an event loop, whose coroutines do not wait for themselves
_ENDED = const(64)
_LOST = const(128)  # has yielded what no kernel knows
_BASE = const(256)  # is at the base level
_ALERT = const(512)  # runs, and is doomed or was made ready early
_HANDED = const(1024)  # runs, and was given a value, which it has awaited if end.state is False

# In `attention`, above the depth of lock().
_DEPTH = const(255)
STALE = const(256)  # the alarm is to be set
_BUDGET = const(512)
_DOOM = const(1024)  # once for each strand that is doomed

_int = int

_DONE = const(0)
_AGAIN = const(1)
_OVER = const(2)
# Normal + 7: above it a strand may exceed the time budget of a drain.
_BUDGET_PRIORITY_MAX = const(31)
_MASK = const(0x3FFFFFFF)
# Of counted cycles, so that the sum of two is a small int.
_LOW = const(0x1FFFFFFF)
_LOW_BITS = const(29)
#: The states of strands that are among the ready ones.
IN_QUEUE = (_QUEUED, _GIVES_WAY, _GAVE_WAY)
# A drain that finds `busy` so often has not interrupted the core: an exception has left that.
_REFUSED_MAX = const(500)


# For the other files, as the core in machine code has its own.
post = ring.post
posts_lost = ring.posts_lost
set_irq = ring.set_irq
reset_posts = ring.reset

nobody = Nobody()
top = nobody  # the strand that runs
busy = False
attention = 0
outside = None
ready_ones = TaskQueue()
push = ready_ones.push
pop = ready_ones.pop
bottom = Nobody().node
push(bottom, 0)  # so that pop() never finds it empty
frames = []  # what each call of run() has interrupted
looping = False  # run() is at the base level and steps
drain = None
resched = False
kicked = False  # since run() in a drain has looked
_refused = 0


in_isr = None  # tells whether an interrupt handler runs; None: none of them calls this
begin = None  # of _plainstrand.py, as the following are of _plainodd.py
set_doom = throw = misstep = end = wake = ask_outside = make_room = unlock_all = None


# ---- Making ready


def kick():
    """Have the drain called soon. If MicroPython's queue is full: at the next chance."""
    global resched, kicked
    kicked = True
    if attention & _DEPTH:
        resched = True
    elif drain is not None:
        resched = not drain.pend()
        if resched and not is_isr():
            make_room()


def limit():
    """The priority that a strand must exceed to interrupt what runs now."""
    found = top.priority
    for strand in frames:
        if strand.priority > found and strand is not nobody:
            found = strand.priority
    return found


def preempt(strand):
    """Kick if the strand, which is ready, is to run before what runs now."""
    if strand.priority > top.priority and strand.state == _QUEUED and strand.priority > limit():
        kick()


def wake_first(waitable, value):
    """wake() for the first strand of a list, which is returned; there must be one; be `busy`."""
    strand = waitable.queue.pop().coro
    strand.waits_for = None
    if strand.state == _PARKED and strand.error is None and not strand.timed:
        if value is not None:
            strand.arm(fill(strand, value))
        strand.state = _QUEUED
        push(strand.node, strand.urgency)
    else:
        wake(strand, value)
    return strand


# ---- Stepping


def run(floor):
    """Step ready strands above the floor and above those that this call interrupts.

    The most urgent first. Returns 0: none is left. 1: the alarm is to be set; call again. 2: the time
    budget is used up. A Strand: it has ended (its coroutine is None), or it has yielded what no
    kernel knows, see its value.
    """
    global top, busy, looping
    if attention & _DEPTH:
        raise RuntimeError("run() with the kernel locked: unlock first")
    below = top
    # What a call below this one has taken may be the last of the queue.
    careful = floor > 0 or limit() > 0 or len(frames) > 0
    strand = None
    started = since = ticks()
    frames.append(below)
    try:
        looping = below is nobody
        while True:
            if attention or careful or kicked:
                strand = _choose(strand, floor)
                if isinstance(strand, int):
                    return strand
                strand.state = _RUNS  # else a callback at the jump to follow takes it for parked
                busy = False
            else:
                strand = pop().coro
            # No branch from here: what has left the queue must get its step, and what has yielded
            # must be known as parked before anybody can wake it.
            strand.state = _RUNS
            top = strand
            strand.runs += 1
            result = strand.step(None)
            strand.state |= 4
            top = below
            now = ticks()
            low = strand.low + (now - since & _LOW)
            since = now
            if low >> _LOW_BITS:
                strand.high += 1
                low &= _LOW
            strand.low = low
            if result is strand:
                continue
            if strand.priority == 0:
                strand = None
                push(bottom, 0)
                looping = False
                # From here on a drain steps what has become ready before.
                if ready_ones.peek() is bottom:
                    return _DONE
                looping = True
                continue
            if not misstep(strand, result):
                return strand
    except BaseException as error:
        if top is not strand or strand is below:  # it comes from this function
            busy = False
            if strand is bottom.coro:  # Ctrl-C
                push(bottom, 0)
            raise
        top = below
        end(strand, error)
        return strand
    finally:
        top = below
        frames.pop()
        looping = False
        if below is not nobody:
            below.low -= ticks() - started & _LOW


def _choose(last, floor):
    """What to step when there is something to heed, or what run() is to return.

    last: what was stepped before, or None.
    """
    global busy, kicked
    if kicked:
        kicked = False  # first, because handlers set it
        # On top of the base level no drain can come in between; at the base level it does.
        if not looping and not attention & _DEPTH:
            flow.calling = True
            apply()
            flow.calling = False
    if last is not None:
        state = last.state
        if state in (_PARKED, _GAVE_WAY, _FAILED | 4):
            if last.doom is not None:
                return throw(last, last.doom)
            if attention & _DEPTH:
                return throw(last, RuntimeError("await with the kernel locked: unlock first"))
    if attention & STALE:
        return _AGAIN
    over = attention & _BUDGET and used_up()
    busy = True
    task = ready_ones.peek()
    if task is not None:
        strand = task.coro
        priority = strand.priority
        if priority > floor and priority > limit():
            if over and priority <= _BUDGET_PRIORITY_MAX:
                busy = False
                return _OVER
            pop()
            return strand
    busy = False
    return _DONE


def in_callback():
    """Whether a drain runs, but not what it steps. Other callbacks are not known."""
    return flow.calling


def running():
    """The owner of the strand that runs, or None at the base level."""
    return top.owner


def in_thread():
    """Whether the caller is a thread, which can wait, or was one when it was interrupted."""
    return top is not nobody and not top.host


# ---- What is called most


def yield_():
    """An awaitable that lets the other ready strands of the same priority run first."""
    strand = top
    if strand.state:
        strand = begin()
        if strand is None:
            return ask_outside(None, "yield_")
    strand.state = _GIVES_WAY
    push(strand.node, strand.urgency)
    strand.arm(strand)
    return strand.place


def hand(strand, value):
    """An awaitable that returns the value at once."""
    if value is None:
        return strand.place
    if strand.end is None:
        prepare(strand)
    end = fill(strand, value)
    end.state = None  # not awaited
    strand.state = _HANDED
    return end


def mutex_acquire(self, timeout_ms=None):
    """Awaitable of the mutex. Raises OSError(ETIMEDOUT)."""
    global busy
    strand = top
    if not strand.state:
        busy = True
        if self.holder is None:
            self.holder = strand
            busy = False
            return strand.place
        busy = False
    return self.wait(timeout_ms)


def mutex_release(self):
    """Give the mutex back. Raises RuntimeError if the caller does not own it."""
    global busy
    acts = top.deputy if top.host else top
    if self.holder is not acts or (in_isr is not None and in_isr()):
        raise RuntimeError("only its owner can release a Mutex: a Semaphore is for signals")
    busy = True
    if self.slow:
        self.pass_on()
    else:
        self.holder = None
        busy = False


def semaphore_acquire(self, timeout_ms=None):
    """Awaitable of one of the count. Raises OSError(ETIMEDOUT)."""
    strand = top
    if strand.state:
        strand = begin()
        if strand is None:
            return ask_outside(self, "acquire", timeout_ms)
    left = self.left - 1
    self.left = left
    if left < 0:
        return self.wait(strand, timeout_ms)
    return strand.place


def semaphore_release(self):
    """Give one back. Returns False if the count is at its maximum. Any context."""
    global busy
    if in_isr is not None and in_isr():
        return post_surely(semaphore_release_posted, self, None)
    self.left += 1
    if not self.slow:
        return True
    if busy:
        return self.settle()
    busy = True
    if self.left != 1 or self.queue.peek() is None:
        busy = False
        return self.settle()
    self.left -= 1
    strand = wake_first(self, None)
    busy = False
    if strand.priority > top.priority:
        preempt(strand)
    return True


def semaphore_release_posted(semaphore, _):
    semaphore_release(semaphore)


def flags_set(self, bits):
    """Set bits. Returns the flags after it; None from an interrupt handler. Any context."""
    global busy
    if bits.__class__ is not _int or bits >> 31:
        self.refuse(bits)
    if busy or (in_isr is not None and in_isr()):
        post_surely(flags_set, self, bits)
        return None
    busy = True
    bits |= self.bits
    self.bits = bits
    task = self.queue.peek()
    if task is not None:
        strand = task.coro
        wanted = strand.bits
        found = bits & wanted
        if found == wanted if strand.all else found:
            if strand.clears:
                self.bits = bits & ~wanted
            wake_first(self, bits)
            if self.bits and self.queue.peek() is not None:
                self.serve()
            busy = False
            if strand.priority > top.priority:
                preempt(strand)
            return self.bits
        self.serve()
    busy = False
    return self.bits


def flags_wait_any(self, bits, clear=True, timeout_ms=None):
    """Awaitable of the flags before clearing, as soon as one of the bits is set.

    Allocates an exception, unless these are the same as the last time.
    """
    return self.wait(False, bits, clear, timeout_ms)


def is_isr():
    """Whether an interrupt handler runs, as far as the board can tell."""
    return in_isr is not None and in_isr()


# ---- The lock


def lock():
    """Nothing preempts the code up to unlock() but interrupt handlers and callbacks."""
    global attention
    attention += 1  # first: C may be in the middle of something that no thread must find
    # No branch of its own, where Ctrl-C could leave it locked.
    return _AFTER_LOCK[attention & _DEPTH == 0]()


def unlock():
    """The end of lock(): what was to preempt does it now."""
    global attention
    _BEFORE_UNLOCK[attention & _DEPTH == 0]()
    attention -= 1
    # No branch from here to the end, for the same reason: what was to preempt does it in the caller.
    return _AFTER_UNLOCK[resched * (attention & _DEPTH == 0)]()


def stay():
    pass


def _kick_last():
    global resched
    resched = False
    return pend_last()


def _ran_over():
    global attention
    attention -= 1
    raise RuntimeError("the kernel is locked 255 times")


def _not_locked():
    raise RuntimeError("the kernel is not locked")


_AFTER_LOCK = (stay, _ran_over)
_BEFORE_UNLOCK = (stay, _not_locked)
_AFTER_UNLOCK = (stay, _kick_last)
pend_last = stay


def locked():
    """Whether the kernel is locked, or a callback has interrupted the core: post() then."""
    return busy or attention & _DEPTH != 0


def enter(reserve):
    """What a drain does first: make the posted calls.

    Returns 0: leave; unlock() or run() see to the rest. 1: the drain runs over the base level. 2: over
    a strand.
    """
    global resched, _refused, busy
    if attention & _DEPTH:
        resched = True
        return 0
    if busy:
        _refused += 1
        if _refused < _REFUSED_MAX:
            kick()
            return 0
        busy = False
    _refused = 0
    if attention & _BUDGET and top is nobody:
        count(nobody.priority > 0)
    apply()
    if top is nobody:
        return 0 if looping else 1
    return 2


connect(kick, enter)
ring.connect(kick)
