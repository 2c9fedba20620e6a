"""What connects the twin of the core with MicroPython: the drain, counters.

What C can do and Python cannot is refused, or said not to be: throw(), interrupted().
"""

import micropython
from micropython import const

from ._plainport import HOSTED, ticks, ticks_diff, ticks_us

#: Whether nest() opens the scheduler, so that threads preempt what threads on top of others do.
LEVELS_NEST = False

_MASK = const(0x3FFFFFFF)
_CALIBRATION_US = const(10000)
# Counting what the heap has takes a walk through it, 13,000 instructions for so many bytes: a call
# pays for these. With fewer walks collections come too late, and take longer.
_WALK_BYTES = const(3072)


_kick = _enter = None


class _Flow:
    """What is under way. calling: a drain runs, and has not nested."""

    def __init__(self):
        self.calling = False


flow = _Flow()
_hz = 0
_calls_left = 64  # until the next walk


def connect(kick, enter):
    """kick: what has the drain called. enter: what that does first."""
    global _kick, _enter
    _kick = kick
    _enter = enter


def reset():
    flow.calling = False


def _leave(_, __):
    """It is queued already."""


_SCHEDULE = (micropython.schedule, _leave)


class Drain:
    """Drain(function): function() is called by the scheduler after each pend().

    Drain(function, reserve): enter(reserve) is called, then, unless that says to leave,
    function(where, None) with what it says. If it raises: function(0, exception).
    """

    def __init__(self, function, reserve=None):
        if not callable(function):
            raise TypeError("Drain(function): pass something that can be called")
        self.function = function
        self.reserve = reserve
        self.pending = False
        self.entry = self._run  # bound here, for interrupt handlers have no heap

    def pend(self):
        """Queue the call of the function unless it is queued already. False: the queue is full."""
        queued = True
        if not self.pending:
            self.pending = True
            try:
                micropython.schedule(self.entry, None)
            except RuntimeError:
                self.pending = queued = False
        return queued

    def pend_last(self):
        """pend() without a branch, at which the function could be called, before the caller's next."""
        pending = self.pending
        self.pending = True
        try:
            return _SCHEDULE[pending](self.entry, None)
        except RuntimeError:
            self.pending = False
            _kick()
        return None

    def __call__(self, _=None, __=None):
        return self.pend()

    def _run(self, _):
        self.pending = False
        flow.calling = True
        try:
            if self.reserve is None:
                self.function()
            else:
                where, result = 0, None
                try:
                    where = _enter(self.reserve)
                except BaseException as error:
                    result = error
                if where or result is not None:
                    self.function(where, result)
        finally:
            flow.calling = False


def nest(function, argument):
    """function(argument). With boards/native callbacks preempt it."""
    outer = flow.calling
    flow.calling = False
    try:
        return function(argument)
    finally:
        flow.calling = outer


def throw(exception):
    """Not on this firmware: RuntimeError."""
    raise RuntimeError("not supported on this firmware: throw() needs boards/native")


def interrupted(clear=False):
    """Whether Ctrl-C is kept: never, it is raised at once."""
    return False


def keep_interrupts(on):
    """Ctrl-C cannot be kept on this firmware."""


def output(buffer):
    """Bytes of output that was kept, moved into the buffer: none, threads print at once."""
    return 0


def output_lost():
    """Bytes of output that had no room."""
    return 0


def raw_repl():
    """Whether a host tool talks to the board: not known."""
    return False


def stack_left():
    """Bytes of C stack that are left; not known, so many."""
    return 0x7FFFFFF


def cycles():
    """A free counter modulo 2**30."""
    return ticks() & _MASK


def cycles_hz():
    """Counts a second of cycles(), measured at the first call, to one per mille."""
    global _hz
    if ticks is ticks_us:
        return 1000000
    if not _hz:
        start_us = ticks_us()
        start = ticks()
        while True:
            elapsed_us = ticks_diff(ticks_us(), start_us)
            if elapsed_us >= _CALIBRATION_US:
                break
        _hz = ticks_diff(ticks(), start) * 1000000 // elapsed_us
    return _hz


def allocated():
    """Bytes of heap in use, at one call for each 3 KB that the heap has; 0 at the others."""
    global _calls_left
    if _calls_left or HOSTED:
        _calls_left -= 1
        return 0
    import gc

    used = gc.mem_alloc()
    _calls_left = (used + gc.mem_free()) // _WALK_BYTES
    return used
