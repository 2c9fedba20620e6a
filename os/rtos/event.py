"""Event and UserEvent: a call that is posted to an event queue again and again."""

from .core import lock, now, unlock
from .eventplace import CLOCK_MASK, NO_CALL, NOTHING, Bound, check_ms, name_of


class _Event:
    """What both have: a function with arguments, a delay, a period."""

    def __init__(self, queue, function, *args):
        if not callable(function):
            raise TypeError(NO_CALL)
        self._queue = queue
        self._handler = function
        self._args = args
        # What a post without arguments posts, made here because it may come from an interrupt.
        self._function = Bound(function, args) if len(args) > 1 else function
        self._arg = args[0] if len(args) == 1 else NOTHING
        self._delay_ms = self._period_ms = 0

    def __repr__(self):
        return "<%s '%s'>" % (type(self).__name__, name_of(self._handler))

    def __call__(self, arg=NOTHING, *more):
        """post(), so that an event can be a callback: `pin.irq(event, hard=True)`."""
        return self.post(arg, *more)

    def delay_ms(self, value=None):
        """The milliseconds from a post to the call, or set them for the next post.

        value: 0 to 2**29 - 1; 0 at first. Raises ValueError. Context: any.
        """
        if value is not None:
            check_ms(value, 0)
            self._delay_ms = value
        return self._delay_ms

    def period_ms(self, value=None):
        """The milliseconds from call to call, or set them for the next post; 0: one call a post.

        The first call comes after delay_ms(). value: 0 to 2**29 - 1; 0 at first. Raises ValueError.
        Context: any.
        """
        if value is not None:
            check_ms(value, 0)
            self._period_ms = value
        return self._period_ms

    def post(self, arg=NOTHING, *more):
        """Post the call; the arguments go behind those that the event was made with.

        Returns what the class says. One argument at most, of both, allocates nothing. Context: any;
        in a hard interrupt handler with at most one argument.
        """
        function = self._function
        given = self._arg
        if arg is not NOTHING:
            given = arg
            if more or self._args:
                function = Bound(self._handler, self._args + (arg,) + more)
                given = NOTHING
        return self._send(function, given)


class Event(_Event):
    """A call for an event queue: a function, arguments, a delay and a period.

    queue: an EventQueue. function, args: what the dispatcher calls, see EventQueue.
    Each post takes a place of the queue; post() returns its id, or 0 if none is free.
    Context of the constructor: not an ISR. Source: mbed's Event.
    """

    def __init__(self, queue, function, *args):
        super().__init__(queue, function, *args)
        self._id = 0

    def _send(self, function, arg):
        self._id = id = self._queue.post(function, arg, self._delay_ms, self._period_ms)
        return id

    def cancel(self):
        """Take the latest post back. Returns what EventQueue.cancel() does. Context: any."""
        return self._queue.cancel(self._id)


class UserEvent(_Event):
    """An Event that brings its own place, so that a post never fails for want of one.

    It can be posted once at a time, from the handler again; a periodic one after cancel().
    post() returns whether it was, False if it waits already. Context of the constructor: not an ISR.
    Source: mbed's UserAllocatedEvent.
    """

    def __init__(self, queue, function, *args):
        super().__init__(queue, function, *args)
        self._place = queue.calls.own()

    def _send(self, function, arg):
        delay_ms, period_ms = self._delay_ms, self._period_ms
        due = (now() + delay_ms) & CLOCK_MASK if delay_ms or period_ms else None
        return self._queue.calls.post_own(self._place, function, arg, due, period_ms)

    def cancel(self):
        """Take the post back. Returns True if its call will not be made, or not again.

        The event can be posted again when the dispatcher has come by. Context: any.
        """
        lock()
        cancelled = self._place.posted and self._place.cancel()
        unlock()
        if cancelled:
            self._queue.sweep()
        return cancelled
