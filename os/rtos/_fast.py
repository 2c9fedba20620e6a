"""_plain.py in machine code, for boards that execute it: names and comments are there.

No callback comes in between, as MicroPython looks for them at branches of bytecode only, so nothing here
has to be `busy`; but it heeds where the files in Python are. Hard handlers come at any instruction.
In viper an attribute costs 100 instructions, a name of this module 45, a call 60; its numbers and
branches next to nothing. That is why all of it is one file, as its twin is. It takes no arguments with
defaults, which native code does for 150 more.
"""

import micropython
from micropython import const, schedule

import rtos._fastring as ring

from ._fastring import apply, call_all, counts, pay, post_surely
from ._plainbudget import count, used_up
from ._plainplace import Nobody, fill, prepare
from ._plainport import TaskQueue, ticks
from ._plainpost import connect, flow

_BEGUN = const(1)
_GIVES_WAY = const(2)
_PARKED = const(5)
_GAVE_WAY = const(6)
_QUEUED = const(8)
_FAILED_YIELDED = const(20)
_HANDED = const(1024)

_DEPTH = const(255)
STALE = const(256)
_STALE = const(256)
_BUDGET = const(512)

_BUDGET_PRIORITY_MAX = const(31)
_LOW = const(0x1FFFFFFF)
_LOW_BITS = const(29)
IN_QUEUE = (_QUEUED, _GIVES_WAY, _GAVE_WAY)
_REFUSED_MAX = const(500)

post = ring.post
posts_lost = ring.posts_lost
set_irq = ring.set_irq
reset_posts = ring.reset

# Viper does not compare objects with constants, nor return those as objects.
_none = None
_true = True
_false = False
_int = int
_bits_small = 0x3FFFFFFF
_done = 0
_again = 1
_over = 2

nobody = Nobody()
top = nobody
busy = False
attention = 0
outside = None
ready_ones = TaskQueue()
push = ready_ones.push
pop = ready_ones.pop
_peek = ready_ones.peek
bottom = Nobody().node
push(bottom, 0)
frames = []
looping = False
draining = False  # a drain makes posted calls, and will step what they make ready
deep = False  # run() has interrupted more than one strand
drain = None
resched = False
_refused = 0
drain_began = 0  # the drain over a strand
_verdict = 0  # what run() is to return when _choose() has found nothing to step

in_isr = None
begin = None
set_doom = throw = misstep = end = wake = ask_outside = make_room = unlock_all = None
drain_failed = drain_on = settle = None  # of _fastodd.py


# ---- Making ready


@micropython.viper
def kick():
    global resched
    if int(attention) & _DEPTH:
        resched = _true
        return
    to = drain
    if to is _none or to.pending:
        return
    to.pending = _true
    try:
        schedule(_run_drain, to)
        resched = _false
    except RuntimeError:
        to.pending = _false
        resched = _true
        _squeeze()


def _squeeze():
    if not is_isr():
        make_room()


@micropython.native
def _run_drain(to):
    """What the scheduler calls after kick(): what Drain does, and over a strand run(0) by itself."""
    try:
        result = _drain_over_strand(to)
    except BaseException as error:
        drain_failed(to, error)
        return
    if result is not None:
        drain_on(to, result)


@micropython.viper
def _drain_over_strand(to) -> object:
    """As enter() and run(0) over a strand. Returns what run() does, None for 0; False: not for here."""
    global top, draining, deep, drain_began
    below = top
    if busy or to.reserve is _none or below is nobody or below.host or int(attention) & _DEPTH:
        return _false
    to.pending = _false
    number = ptr32(counts)
    if number[0] != number[1]:
        draining = _true
        call_all()
        draining = _false
        if number[2]:
            pay()
    under = frames
    outer = deep
    if under and under[-1] is not nobody:
        deep = _true
    drain_began = ticks()
    under.append(below)
    result = _steps(below, 0, 1)
    under.pop()
    deep = outer
    below.low = int(below.low) - (int(ticks()) - int(drain_began) & _LOW)
    return _none if result is _done else result


@micropython.viper
def limit() -> object:
    found = top.priority
    for strand in frames:
        priority = strand.priority
        if int(priority) > int(found) and strand is not nobody:
            found = priority
    return found


@micropython.viper
def preempt(strand):
    priority = int(strand.priority)
    if draining or priority <= int(top.priority) or int(strand.state) != _QUEUED:
        return
    if not deep or priority > int(limit()):
        kick()


@micropython.viper
def wake_first(waitable, value) -> object:
    strand = waitable.queue.pop().coro
    none = _none
    strand.waits_for = none
    if int(strand.state) == _PARKED and strand.error is none and not strand.timed:
        if value is not none:
            strand.arm(strand.end if value is strand.stop_value else fill(strand, value))
        strand.state = _QUEUED
        push(strand.node, strand.urgency)
    else:
        wake(strand, value)
    return strand


# ---- Stepping


@micropython.native
def run(floor):
    """See _plain.py."""
    global top, looping, deep
    if attention & _DEPTH:
        _refuse_lock()
    below = top
    base = below is nobody
    careful = 1 if floor or below.priority else 0
    outer = deep
    if frames:
        careful = 1
        deep = frames[-1] is not nobody
    began = ticks()
    frames.append(below)
    looping = base
    result = raised = None
    try:
        result = _steps(below, floor, careful)
    except BaseException as error:
        raised = error
        result = settle(below, error)
    top = below
    frames.pop()
    looping = False
    deep = outer
    if not base:
        below.low -= ticks() - began & _LOW
    if result is None:
        raise raised
    return result


def _refuse_lock():
    raise RuntimeError("run() with the kernel locked: unlock first")


@micropython.viper
def _steps(below, floor: int, careful: int) -> object:
    global top, busy, looping
    take = pop
    clock = ticks
    none = _none
    strand = none
    watches = 0 if looping and below is nobody else 1
    posts = ptr32(counts)
    since = int(clock())
    while True:
        if watches and posts[0] != posts[1] and not int(attention) & _DEPTH:
            _make_calls()
        if careful or int(attention):
            strand = _choose(strand, floor)
            if strand is none:
                return _verdict
        else:
            strand = take().coro
        strand.state = 0
        top = strand
        strand.runs = int(strand.runs) + 1
        result = strand.step(none)
        strand.state = int(strand.state) | 4
        top = below
        now = int(clock())
        low = int(strand.low) + (now - since & _LOW)
        since = now
        if low >> _LOW_BITS:
            strand.high = int(strand.high) + 1
            low = low & _LOW
        strand.low = low
        if result is strand:
            continue
        if int(strand.priority) == 0:
            strand = none
            push(bottom, 0)
            if _peek() is bottom:
                return _done
        elif not misstep(strand, result):
            return strand


def _make_calls():
    global draining
    flow.calling = draining = True
    try:
        apply()
    finally:
        flow.calling = draining = False


@micropython.viper
def _choose(last, floor: int) -> object:
    global _verdict
    heeds = int(attention)
    none = _none
    if last is not none and heeds:
        state = int(last.state)
        if state == _PARKED or state == _GAVE_WAY or state == _FAILED_YIELDED:  # noqa: SIM109
            if last.doom is not none:
                return throw(last, last.doom)
            if heeds & _DEPTH:
                return throw(last, _lock_error())
    if heeds & _STALE:
        _verdict = _again
        return none
    task = _peek()
    if task is not none:
        strand = task.coro
        priority = int(strand.priority)
        over = int(limit()) if deep else int(top.priority)
        if priority > floor and priority > over:
            if heeds & _BUDGET and priority <= _BUDGET_PRIORITY_MAX and used_up():
                _verdict = _over
                return none
            pop()
            return strand
    _verdict = _done
    return none


def _lock_error():
    return RuntimeError("await with the kernel locked: unlock first")


def in_callback():
    """Whether a drain runs, but not what it steps. Other callbacks are not known."""
    return draining or flow.calling


def running():
    """The owner of the strand that runs, or None at the base level."""
    return top.owner


@micropython.viper
def in_thread() -> object:
    """Whether the caller is a thread, which can wait, or was one when it was interrupted."""
    strand = top
    return _false if strand is nobody or strand.host else _true


# ---- What is called most


@micropython.viper
def yield_() -> object:
    """An awaitable that lets the other ready strands of the same priority run first."""
    strand = top
    if int(strand.state) and not _is_idle(strand):
        strand = begin()
        if strand is _none:
            return ask_outside(_none, "yield_")
    strand.state = _GIVES_WAY
    push(strand.node, strand.urgency)
    strand.arm(strand)
    return strand.place


@micropython.viper
def hand(strand, value) -> object:
    if value is _none:
        return strand.place
    end = strand.end or prepare(strand)
    if value is not strand.stop_value:
        fill(strand, value)
    end.state = _none
    strand.state = _HANDED
    return end


@micropython.native
def mutex_acquire(self, timeout_ms=None):
    """Awaitable of the mutex. Raises OSError(ETIMEDOUT)."""
    strand = top
    if self.holder is not None or strand.state and not _is_idle(strand):
        return self.wait(timeout_ms)
    self.holder = strand
    return strand.place


@micropython.viper
def mutex_release(self):
    """Give the mutex back. Raises RuntimeError if the caller does not own it."""
    global busy
    acts = top
    if acts.host:
        acts = acts.deputy
    isr = in_isr
    if self.holder is not acts or (isr and isr()):
        _refuse_release()
    if self.slow:
        busy = _true
        self.pass_on()
    else:
        self.holder = _none


def _refuse_release():
    raise RuntimeError("only its owner can release a Mutex: a Semaphore is for signals")


@micropython.native
def semaphore_acquire(self, timeout_ms=None):
    """Awaitable of one of the count. Raises OSError(ETIMEDOUT)."""
    strand = top
    if strand.state and not _is_idle(strand):
        strand = begin()
        if strand is None:
            return ask_outside(self, "acquire", timeout_ms)
    left = self.left - 1
    if left < 0:
        if timeout_ms is None:
            return _semaphore_wait(self, strand)
        self.left = left
        return self.wait(strand, timeout_ms)
    self.left = left
    return strand.place


@micropython.viper
def _semaphore_wait(self, strand) -> object:
    self.slow = _true
    strand.state = _BEGUN
    strand.waits_for = self
    self.queue.push(strand.node, strand.urgency)
    strand.arm(strand)
    return strand.place


@micropython.viper
def semaphore_release(self) -> object:
    """Give one back. Returns False if the count is at its maximum. Any context."""
    isr = in_isr
    if isr and isr():
        return post_surely(semaphore_release_posted, self, _none)
    return semaphore_release_posted(self, _none)


@micropython.viper
def semaphore_release_posted(self, _) -> object:
    left = int(self.left) + 1
    self.left = left
    if not self.slow:
        return _true
    if busy or left != 1 or self.queue.peek() is _none:
        return self.settle()
    self.left = 0
    strand = wake_first(self, _none)
    if int(strand.priority) > int(top.priority):
        preempt(strand)
    return _true


@micropython.viper
def flags_set(self, bits) -> object:
    """Set bits. Returns the flags after it; None from an interrupt handler. Any context."""
    global busy
    if bits.__class__ is not _int or bits > _bits_small:
        self.refuse(bits)
    more = int(bits)
    if more < 0:
        self.refuse(bits)
    isr = in_isr
    if busy or (isr and isr()):
        post_surely(flags_set, self, bits)
        return None
    more = more | int(self.bits)
    self.bits = more
    task = self.queue.peek()
    if task is _none:
        return self.bits
    strand = task.coro
    wanted = int(strand.bits)
    found = more & wanted
    if found and (found == wanted or not strand.all):
        value = self.bits
        if strand.clears:
            more = more & ~wanted
            self.bits = more
        wake_first(self, value)
        if more and self.queue.peek() is not _none:
            busy = _true
            self.serve()
            busy = _false
        if int(strand.priority) > int(top.priority):
            preempt(strand)
    else:
        busy = _true
        self.serve()
        busy = _false
    return self.bits


@micropython.native
def flags_wait_any(self, bits, clear=True, timeout_ms=None):
    """Awaitable of the flags before clearing, as soon as one of the bits is set.

    Allocates an exception, unless these are the same as the last time.
    """
    if timeout_ms is None:
        answer = _flags_wait(self, bits, clear)
        if answer is not None:
            return answer
    return self.wait(False, bits, clear, timeout_ms)


@micropython.viper
def _is_idle(strand) -> object:
    """Whether a strand may begin a wait, and nothing has to be seen to before."""
    state = int(strand.state)
    if state == _HANDED:
        return _true if strand.end.state is _false else _false
    return _false if state else _true


@micropython.viper
def _flags_wait(flags, bits, clear) -> object:
    """None: this is not for here."""
    if bits.__class__ is not _int or bits > _bits_small:
        return None
    wanted = int(bits)
    if wanted <= 0:
        return None
    strand = top
    state = int(strand.state)
    if state and (state != _HANDED or strand.end.state is not _false):
        return None
    got = int(flags.bits)
    if got & wanted:
        value = flags.bits
        if clear:
            flags.bits = got & ~wanted
        return hand(strand, value)
    strand.bits = bits
    strand.all = _false
    strand.clears = clear
    strand.state = _BEGUN
    strand.waits_for = flags
    flags.queue.push(strand.node, strand.urgency)
    if not strand.end:
        prepare(strand)
    strand.arm(strand)
    return strand.answer


def is_isr():
    """Whether an interrupt handler runs, as far as the board can tell."""
    return in_isr is not None and in_isr()


# ---- The lock


@micropython.viper
def lock():
    """Nothing preempts the code up to unlock() but interrupt handlers and callbacks."""
    global attention
    depth = int(attention) + 1
    if not depth & _DEPTH:
        _refuse_depth()
    attention = depth


def _refuse_depth():
    raise RuntimeError("the kernel is locked 255 times")


@micropython.viper
def unlock():
    """The end of lock(): what was to preempt does it now."""
    global attention, resched
    depth = int(attention)
    if not depth & _DEPTH:
        _refuse_unlock()
    depth -= 1
    attention = depth
    if resched and not depth & _DEPTH:
        resched = _false
        kick()


def _refuse_unlock():
    raise RuntimeError("the kernel is not locked")


def stay():
    pass


pend_last = stay


@micropython.viper
def locked() -> object:
    """Whether the kernel is locked, or a callback has interrupted the core: post() then."""
    return _true if busy or int(attention) & _DEPTH else _false


@micropython.viper
def enter(reserve) -> object:
    global resched, _refused
    heeds = int(attention)
    if heeds & _DEPTH:
        resched = _true
        return _done
    if busy and _refuses():
        return _done
    _refused = _done
    base = top is nobody
    if base and heeds & _BUDGET:
        _count()
    number = ptr32(counts)
    if number[0] != number[1]:
        apply()
    if not base:
        return _over
    return _done if looping else _again


def _refuses():
    global _refused, busy
    _refused += 1
    if _refused < _REFUSED_MAX:
        kick()
        return True
    busy = False
    return False


def _count():
    count(nobody.priority > 0)


connect(kick, enter)
ring.connect(kick)
