"""The twin in Python of Calls in C: the places of an event queue, and what was posted to it.

Whoever posts takes a place and appends it to the inbox, with interrupts off and no branch until the
place is filled, so that whoever could see it finds it complete.
"""

from collections import deque

from micropython import const

from .core import now
from .eventplace import CLOCK_MASK, NO_CALL, NOTHING, Bound, ticks_diff
from .eventport import interrupt_mask

try:
    from ._fastplace import make_next, put
except ImportError:
    from ._plainnext import make_next, put

# An id is a generation above the number of its place, which is 1 to 1024; 0 is no id.
_GENERATION = const(2048)
_NUMBER = const(2047)

_ONCE = const(0)
_PERIODIC = const(1)
_OWN = const(2)
_DELAYED = const(3)
_CANCELLED = const(4)  # before make() has come to it


class Place:
    """Room for one call.

    function: None if the place is free, cancelled, or its call is being made. id: of the call, while
    it is in use; else of the next one. append: puts the place into its queue's inbox.
    """

    def __init__(self, number, append, kind=_ONCE):
        self.id = self.number = number
        self.append = append
        self.free = None  # the next free one
        self.next = None  # of those that wait for their time
        self.function = None
        self.arg = NOTHING
        self.waits = False  # for its time
        self.due = 0
        self.period_ms = 0
        self.kind = kind
        self.posted = False  # a UserEvent's

    def cancel(self):
        """Returns whether there was anything to cancel. The place is not free yet."""
        if self.function is not None:
            self.function = None
            self.period_ms = 0
            self.kind = _CANCELLED
            return True
        if self.period_ms:  # being made
            self.period_ms = 0
            return True
        return False


class Calls:
    """The places of an event queue; boards/native/src/calls.c says what its methods do.

    size: how many. signal: the Semaphore that counts what was posted. nothing: NOTHING.
    """

    def __init__(self, size, signal, nothing):
        #: How many posts have found no place.
        self.dropped = 0
        #: What is being called, or was called last.
        self.function = None
        self._signal = signal
        #: What set_wake() was given.
        self.hook = None
        self.wake = signal.release
        self.irq_off, self.irq_on = interrupt_mask()
        self._room = size + 1
        self.inbox = deque((), self._room)
        append = self.inbox.append
        self._places = [Place(n + 1, append) for n in range(size)]
        # What a post gets when no place is free: one that may be filled and never gets anywhere.
        self.free = refused = Place(0, self._refuse)
        refused.free = refused
        for place in reversed(self._places):
            place.free = self.free
            self.free = place
        self.making = None
        self._arg = NOTHING

    def __len__(self):
        return len(self.inbox)

    # No property: with one each store to an attribute costs twice as much.
    def set_wake(self, function):
        """Have function() called after each post; None: the signal is released."""
        self.hook = function
        self.wake = self._signal.release if function is None else function

    def _refuse(self, place):
        self.dropped += 1

    def call(self, function, arg=NOTHING, *more):
        if function is None:  # it would be taken for a cancelled call
            raise TypeError(NO_CALL)
        if more:
            function = Bound(function, (arg,) + more)
            arg = NOTHING
        return put(self, function, arg)

    def post(self, function, arg, due, period_ms):
        if function is None:
            raise TypeError(NO_CALL)
        kind = _PERIODIC if period_ms else _DELAYED
        state = self.irq_off()  # as in call()
        place = self.free
        self.free = place.free
        place.append(place)
        self.irq_on(state)
        place.function = function
        place.arg = arg
        place.due = due
        place.waits = True
        place.period_ms = period_ms
        place.kind = kind
        self.wake()
        return place.id

    def own(self):
        own = Place(0, None, _OWN)
        self._room += 1
        inbox = deque((), self._room)
        append = inbox.append
        pop = self.inbox.popleft

        def move(_):
            append(pop())

        def direct(place):
            place.append = append

        # No branch, for what runs there may post, or take what was posted: the loops are C's.
        state = self.irq_off()
        try:
            any(map(move, range(len(self.inbox))))
            any(map(direct, self._places))
            self.inbox = inbox
        finally:
            self.irq_on(state)
        return own

    def post_own(self, place, function, arg, due, period_ms):
        state = self.irq_off()
        posted = place.posted
        place.posted = True
        self.irq_on(state)
        if posted:
            return False
        place.function = function
        place.arg = arg
        place.period_ms = period_ms
        place.waits = due is not None
        place.due = due
        state = self.irq_off()
        self.inbox.append(place)
        self.irq_on(state)
        self.wake()
        return True

    def find(self, id):
        number = id & _NUMBER
        if 0 < number <= len(self._places):
            place = self._places[number - 1]
            if place.id == id:
                return place
        return None

    def expel(self, place):
        place.id = (place.id + _GENERATION) & CLOCK_MASK

    def release(self, place):
        place.waits = False
        place.arg = NOTHING
        place.period_ms = 0
        if not place.number:
            place.kind = _OWN
            place.posted = False
            return
        place.kind = _ONCE
        place.id = (place.id + _GENERATION) & CLOCK_MASK
        state = self.irq_off()
        place.free = self.free
        self.free = place
        self.irq_on(state)

    def take(self):
        return self.inbox.popleft() if self.inbox else None

    def make(self, place=None):
        if place is None:
            return make_next(self)
        if place.waits:
            return place
        # No branch until the place says that its call is made. A handler may cancel it in between:
        # that shows in its kind.
        self.function = place.function
        arg = place.arg
        place.function = None
        self.making = place
        return self.make_it(place, arg)

    def make_it(self, place, arg):
        """Make the call that has been taken off the place."""
        if place.kind:
            self._arg = arg
            if place.kind == _DELAYED:
                place.kind = _ONCE
            elif place.kind == _CANCELLED:
                self.function = None
            elif place.kind == _OWN and not place.period_ms:
                self.making = None  # so that the handler can post its event again
                self.release(place)
        function = self.function
        # Few names, or MicroPython takes the frame from the heap: `arg` is the result, too.
        if function is not None:  # else it was cancelled
            arg = function() if arg is NOTHING else function(arg)
            if arg is not None and hasattr(arg, "send"):
                return arg
        return self.done()

    def done(self):
        place = self.making
        self.making = None
        if place is None:
            return None
        if place.period_ms and self.function is not None:
            # In this order: cancel() may come at any bytecode, and looks at the function first. From
            # there on it leaves that None, and whoever files the place sees it.
            place.function = self.function
            place.arg = self._arg
            period_ms = place.period_ms
            if period_ms:
                late = ticks_diff(now(), place.due)
                periods = 1 if late < 0 else late // period_ms + 1
                place.due = (place.due + periods * period_ms) & CLOCK_MASK
                place.waits = True
                return place
            place.function = None
        self.release(place)
        return None

    def drop(self):
        self.function = None
        return self.done()
