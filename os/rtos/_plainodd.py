"""What happens seldom to strands of the twin of the core."""

from micropython import const

from ._plainbudget import debt_held, debt_let_go, set_budget
from ._plainmain import core
from ._plainplace import disarm, fill, leave, rest
from ._plaintime import clear_deadline

_RUNS = const(0)
_BEGUN = const(1)
_GIVES_WAY = const(2)
_SERVED = const(3)
_PARKED = const(5)
_QUEUED = const(8)
_FAILED = const(16)
_ENDED = const(64)
_LOST = const(128)
_ALERT = const(512)
# Of `attention`.
_DEPTH = const(255)
_BUDGET = const(512)
_DOOM = const(1024)
# No port's queue of callbacks is longer.
_QUEUE_MAX = const(16)


def set_doom(strand, error):
    """Have run() look at who yields, as long as a strand has to be raised an error instead."""
    if (strand.doom is None) != (error is None):
        change = _DOOM if strand.doom is None else -_DOOM
        core.attention += change  # no branch between load and store
    strand.doom = error


def forget(strand):
    """Forget a wait of any kind, begun or served, and that the strand is ready; be `core.busy`."""
    left = leave(strand)
    clear_deadline(strand)
    state = strand.state
    if state in core.IN_QUEUE:
        strand.state = _RUNS if state == _GIVES_WAY else _PARKED
        core.ready_ones.remove(strand.node)
    disarm(strand)
    strand.early = False
    strand.value = None
    strand.error = None
    if left is not None:
        left.renew()


def throw(strand, error):
    """Have the await that a strand has just come to raise the error at once."""
    core.busy = True
    forget(strand)
    set_doom(strand, None)
    strand.error = error
    strand.step = strand.raises
    return strand


def misstep(strand, result):
    """A strand has not yielded itself. Returns whether that is settled."""
    if not hasattr(result, "urgency"):
        strand.state = _LOST
        strand.value = result
        core.unlock_all()
        return False
    core.busy = True
    result.rearm()
    strand.error = RuntimeError("a wait belongs to the thread that began it")
    strand.state = _PARKED
    core.wake(strand, None)
    core.busy = False
    return True


def end(strand, error):
    core.busy = True
    forget(strand)
    strand.state = _ENDED
    strand.coroutine = None
    set_doom(strand, None)
    strand.step = rest
    if isinstance(error, StopIteration):
        strand.value = error.value
    else:
        strand.error = error
    core.busy = False
    core.unlock_all()


def wake(strand, value):
    """End the wait of a strand, which has left its list, with its `error` or a value; be `busy`."""
    if strand.timed:
        clear_deadline(strand)
    state = strand.state
    if state == _PARKED:
        if strand.error is not None:
            strand.step = strand.raises
        elif value is not None and strand.runs:
            strand.arm(fill(strand, value))
        strand.state = _QUEUED
        core.push(strand.node, strand.urgency)
    elif state == _BEGUN:
        if strand.error is not None:
            if strand.doom is None:
                set_doom(strand, strand.error)
            strand.error = None
            strand.state = _FAILED
            return
        disarm(strand)
        if value is None:
            strand.state = _RUNS if strand.doom is None else _ALERT
        else:
            end = fill(strand, value)
            end.state = False  # whether that is awaited shows in the place
            strand.arm(end)
            strand.state = _SERVED


# ---- The core as a whole


def set_hooks(drain, hook, isr):
    """For configure(): the drain, what makes awaitables for those who are no threads, in_isr()."""
    core.drain = drain
    core.pend_last = core.stay if drain is None else drain.pend_last
    core.outside = hook
    core.in_isr = isr


def reset():
    """As after a reset of the board."""
    core.top = core.nobody
    core.busy = core.resched = core.looping = False
    core.attention = 0
    del core.frames[:]
    while core.ready_ones.peek() is not None:
        core.pop().coro.state = _PARKED
    core.push(core.bottom, 0)


def budget(cycles):
    """Strands up to Normal get that much time at a time, then run() returns. 0: no limit.

    Over the base level it is less where the base has not had its share: a third of what strands used.
    """
    set_budget(cycles)
    if cycles:
        core.attention |= _BUDGET
    else:
        core.attention &= ~_BUDGET


def hold(priority):
    """Strands up to that do not run on top of the base level until hold(0). Returns the debt."""
    core.nobody.priority = priority
    return debt_held() if priority else debt_let_go()


def make_room():
    """Let callbacks run, so that the drain fits into the queue; in a callback that does not help."""
    for _ in range(_QUEUE_MAX):
        if not core.resched or core.drain is None:
            break
        core.resched = not core.drain.pend()


def unlock_all():
    """A strand has ended, or yielded nonsense, and forgotten to unlock, or failed to."""
    if core.attention & _DEPTH:
        core.attention &= ~_DEPTH
        if core.resched:
            core.kick()


def ask_outside(what, name, *args):
    """An awaitable for callers that are no threads: the kernel's hook makes it."""
    if core.outside is None:
        raise RuntimeError(
            "only a thread can wait: rtos.start(), then rtos.wait(), do it for others"
        )
    return core.outside(what, name, *args)


core.ask_outside = ask_outside
core.make_room = make_room
core.unlock_all = unlock_all
core.wake = wake
core.set_doom = set_doom
core.throw = throw
core.misstep = misstep
core.end = end
