"""What happens seldom to strands of the twin of the core."""

from micropython import const

import rtos._plain as core

from ._plainplace import disarm, leave
from ._plaintime import clear_deadline

_RUNS = const(0)
_GIVES_WAY = const(2)
_PARKED = const(5)
_QUEUED = const(8)
_ENDED = const(64)
_LOST = const(128)
_DOOM = const(1024)


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
    strand.step = core.rest
    if isinstance(error, StopIteration):
        strand.value = error.value
    else:
        strand.error = error
    core.busy = False
    core.unlock_all()


core.set_doom = set_doom
core.throw = throw
core.misstep = misstep
core.end = end
