"""What connects the twin of the core with MicroPython: posts, the drain, counters.

What C can do and Python cannot is refused, or said not to be: throw(), interrupted().
"""

import micropython
from micropython import const

from ._plainport import HOSTED, ticks, ticks_diff, ticks_us

#: Whether nest() opens the scheduler, so that threads preempt what threads on top of others do.
LEVELS_NEST = False

_POSTS = const(64)
_MASK = const(0x3FFFFFFF)
_CALIBRATION_US = const(10000)
# Counting what the heap has takes a walk through it, 13,000 instructions for so many bytes: a call
# pays for these. With fewer walks collections come too late, and take longer.
_WALK_BYTES = const(3072)


def _nothing(state=None):  # no *args: in an interrupt handler there is no heap for them
    pass


_posts = [None] * (3 * _POSTS)
_posted = _applied = _lost = 0
_owing = None  # the first of those that post_surely() has found no room for
_irq_off = _irq_on = _kick = _enter = _nothing
_calling = False  # a drain runs, and has not nested
_hz = 0
_calls_left = 64  # until the next walk


def connect(kick, enter):
    """kick: what has the drain called. enter: what that does first."""
    global _kick, _enter
    _kick = kick
    _enter = enter


def set_irq(off, on):
    """For configure(): how interrupts are disabled, and enabled again with what `off` returned."""
    global _irq_off, _irq_on
    _irq_off = off or _nothing
    _irq_on = on or _nothing


def reset():
    global _posted, _applied, _lost, _calling, _owing
    _posted = _applied = _lost = 0
    _owing = None
    _calling = False


def post(function, a, b=None):
    """Have the kernel's drain call function(a, b). Returns False, and counts, if 64 calls wait."""
    global _lost
    room = _put(function, a, b)
    if not room:
        _lost += 1
    _kick()
    return room


def _put(function, a, b):
    global _posted
    state = _irq_off()
    try:
        room = _posted - _applied & _MASK < _POSTS
        if room:
            at = _posted % _POSTS * 3
            _posts[at] = function
            _posts[at + 1] = a
            _posts[at + 2] = b
            _posted = _posted + 1 & _MASK
    finally:
        _irq_on(state)
    return room


def post_surely(function, what, amount):
    """post(function, what, amount), which never fails.

    If there is no room, what.owe(amount) adds it to what.owed, and what.pay(owed) makes up for it behind
    what fills the ring.
    """
    global _owing
    if not _put(function, what, amount) and amount != 0:
        state = _irq_off()
        if not what.owed:
            what.next_owing = _owing
            _owing = what
        what.owe(amount)
        _irq_on(state)
    _kick()
    return True


def _pay():
    global _owing
    while _owing is not None:
        state = _irq_off()
        what = _owing
        _owing = what.next_owing
        what.next_owing = None
        amount = what.owed
        what.owed = 0
        _irq_on(state)
        what.pay(amount)


def apply():
    """Make the posted calls, in their order. One that raises is taken off nevertheless."""
    global _applied
    while _applied != _posted:
        at = _applied % _POSTS * 3
        function = _posts[at]
        a = _posts[at + 1]
        b = _posts[at + 2]
        _posts[at] = _posts[at + 1] = _posts[at + 2] = None
        _applied = _applied + 1 & _MASK
        try:
            function(a, b)
        except BaseException:
            _kick()  # the other posts, and what else there is to do, wait for a drain
            raise
    if _owing is not None:
        _pay()


def posts_lost():
    """How many calls found no room since the start."""
    return _lost


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
        self._function = function
        self._reserve = reserve
        self._pending = False
        self._enter = self._run  # bound here, for interrupt handlers have no heap

    def pend(self):
        """Queue the call of the function unless it is queued already. False: the queue is full."""
        queued = True
        if not self._pending:
            self._pending = True
            try:
                micropython.schedule(self._enter, None)
            except RuntimeError:
                self._pending = queued = False
        return queued

    def pend_last(self):
        """pend() without a branch, at which the function could be called, before the caller's next."""
        pending = self._pending
        self._pending = True
        try:
            return _SCHEDULE[pending](self._enter, None)
        except RuntimeError:
            self._pending = False
            _kick()
        return None

    def __call__(self, _=None, __=None):
        return self.pend()

    def _run(self, _):
        global _calling
        self._pending = False
        _calling = True
        try:
            if self._reserve is None:
                self._function()
            else:
                where, result = 0, None
                try:
                    where = _enter(self._reserve)
                except BaseException as error:
                    result = error
                if where or result is not None:
                    self._function(where, result)
        finally:
            _calling = False


def nest(function, argument):
    """function(argument). With boards/native callbacks preempt it."""
    global _calling
    outer = _calling
    _calling = False
    try:
        return function(argument)
    finally:
        _calling = outer


def in_callback():
    """Whether a drain runs, but not what it steps. Other callbacks are not known."""
    return _calling


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
