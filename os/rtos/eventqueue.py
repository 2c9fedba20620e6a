"""EventQueue: calls that interrupt handlers and threads leave for a thread that makes them later.

Whoever posts takes a place and appends it to `_inbox`, with interrupts off and no branch until the
place is filled, so that whoever could see it finds it complete. The rest – the list of those that
wait for their time, which places are free again – is changed by the dispatcher alone; cancel() marks.
"""

import sys
from collections import deque

from micropython import const

from .core import Semaphore, lock, now, unlock
from .eventchain import Chained
from .eventplace import (
    CLOCK_MASK,
    DELAYED,
    NOTHING,
    OWN,
    PERIODIC,
    Bound,
    Place,
    check_ms,
    name_of,
    ticks_diff,
)
from .eventport import Alarm, interrupt_mask

_SIZE_MAX = const(1024)
# An id is a generation above the number of its place, which is 1 to 1024; 0 is no id.
_GENERATION = const(2048)
_NUMBER = const(2047)


class EventQueue(Chained):
    """A queue of calls, and the dispatcher that makes them one after the other.

    size: how many calls can wait at a time, 0 to 1024; their places are made here. 0: only those of
    UserEvent. name: for repr and reports. Raises ValueError. Context of the constructor: not an ISR;
    of the methods, unless they say otherwise: any, hard interrupt handlers too.
    Source: mbed's EventQueue.

        queue = rtos.EventQueue()
        rtos.Thread(queue.dispatch_forever).start()
        button.irq(lambda pin: queue.call(pressed, pin), hard=True)

    A handler gets the arguments that were posted with it. An async function is awaited, and what
    was posted behind it waits as long. An exception in a handler is printed; the queue goes on.
    """

    def __init__(self, size=32, name="events"):
        if not isinstance(size, int) or not 0 <= size <= _SIZE_MAX:
            raise ValueError("EventQueue(size): 0 to 1024 places")
        self.name = name
        #: How many posts have found no place.
        self.dropped = 0
        self.irq_off, self.irq_on = interrupt_mask()
        self._signal = Semaphore()
        self._wake = self._signal.release
        self._capacity = size
        self._inbox = deque((), size + 1)
        append = self._inbox.append
        self._places = [Place(n + 1, append) for n in range(size)]
        # What a post gets when no place is free: one that may be filled and never gets anywhere.
        self._free = refused = Place(0, self._refuse)
        refused.free = refused
        for place in self._places:
            place.free = self._free
            self._free = place
        self._timed = None  # the first of those that wait for their time
        # The dispatcher has more to do than to make the calls in the inbox, one a token of _signal.
        self._slow = True
        self._stale = False  # some were cancelled
        self._broken = False
        self._began = 0
        self._left = 0
        self._end = None
        self._alarm = None
        self._dispatched = False
        self._background = None
        # Bound methods are made here: interrupt handlers have no heap.
        self._wake_loop = self._wake_foreign
        self._target = None
        self._in_target = 0
        self._in_chain = self._serve_chained

    def __repr__(self):
        waiting = len(self._inbox)
        place = self._timed
        while place is not None:
            waiting += 1
            place = place.next
        dispatched = " dispatched" if self._dispatched else ""
        return "<EventQueue '%s' %d waiting%s>" % (self.name, waiting, dispatched)

    # ---- Posting

    def _refuse(self, place):
        self.dropped += 1

    def call(self, function, arg=NOTHING, *more):
        """Have the dispatcher call `function` with the arguments that follow, as soon as it can.

        Returns an id for cancel() and time_left(); 0 if no place is free, counted in `dropped`.
        Allocates nothing, unless there are two arguments or more: these need a heap, so a hard
        interrupt handler gets a MemoryError.
        """
        if more:
            function = Bound(function, (arg,) + more)
            arg = NOTHING
        state = self.irq_off()
        place = self._free
        self._free = place.free
        place.append(place)
        self.irq_on(state)
        place.function = function
        place.arg = arg
        self._wake()
        return place.id

    def call_in(self, delay_ms, function, arg=NOTHING, *more):
        """Have the dispatcher call `function` after `delay_ms` milliseconds; the rest as call().

        delay_ms: 0 to 2**29 - 1. Raises ValueError.
        """
        check_ms(delay_ms, 0)
        if more:
            function = Bound(function, (arg,) + more)
            arg = NOTHING
        return self.post(function, arg, delay_ms, 0)

    def call_every(self, period_ms, function, arg=NOTHING, *more):
        """Have the dispatcher call `function` every `period_ms` milliseconds; the rest as call().

        The first call comes after one period. The times do not drift: the n-th call is due n periods
        after the post. If the dispatcher comes so late that more are due, it makes one for them.
        period_ms: 1 to 2**29 - 1. Raises ValueError.
        """
        check_ms(period_ms, 1)
        if more:
            function = Bound(function, (arg,) + more)
            arg = NOTHING
        return self.post(function, arg, period_ms, period_ms)

    def post(self, function, arg, delay_ms, period_ms):
        """For Event."""
        if not delay_ms and not period_ms:
            return self.call(function, arg)
        kind = PERIODIC if period_ms else DELAYED
        due = (now() + delay_ms) & CLOCK_MASK
        state = self.irq_off()  # as in call()
        place = self._free
        self._free = place.free
        place.append(place)
        self.irq_on(state)
        place.function = function
        place.arg = arg
        place.due = due
        place.waits = True
        place.period_ms = period_ms
        place.kind = kind
        self._wake()
        return place.id

    def append(self, place):
        """Post a place that is not the queue's. For UserEvent."""
        state = self.irq_off()
        self._inbox.append(place)
        self.irq_on(state)
        self._wake()

    def make_room(self):
        """The inbox has to hold one more. For UserEvent."""
        self._capacity += 1
        inbox = deque((), self._capacity + 1)
        lock()
        state = self.irq_off()
        try:
            for _ in range(len(self._inbox)):
                inbox.append(self._inbox.popleft())
            for place in self._places:
                place.append = inbox.append
            self._inbox = inbox
        finally:
            self.irq_on(state)
            unlock()

    # ---- What was posted

    def _find(self, id):
        number = id & _NUMBER
        if 0 < number <= len(self._places):
            place = self._places[number - 1]
            if place.id == id:
                return place
        return None

    def cancel(self, id):
        """Take a call back. Returns True if it will not be made, or not again; else False.

        False: it has been made or is being made, or the id never was one. A periodic call that
        cancels itself gets True. The place is free when the dispatcher has come by.
        """
        lock()  # or the dispatcher frees the place in between, and somebody else takes it
        place = self._find(id)
        cancelled = place is not None and place.cancel()
        if cancelled:
            place.id = (id + _GENERATION) & CLOCK_MASK
        unlock()
        if cancelled:
            self.sweep()
        return cancelled

    def sweep(self):
        """Have the dispatcher free the places of cancelled calls. For UserEvent."""
        self._stale = True
        self._slow = True
        self._wake()

    def time_left(self, id):
        """Milliseconds until a call is due; 0: it is due or is made; -1: the id is not in use."""
        place = self._find(id)
        return -1 if place is None else place.time_left(now())

    def tick(self):
        """The queue's clock, which is the kernel's: milliseconds modulo 2**30."""
        return now()

    # ---- Dispatching

    def dispatch(self, timeout_ms=None):
        """Make calls as they come due, for `timeout_ms` milliseconds or until break_dispatch().

        Awaitable of None. timeout_ms: None = for ever; 0: what is due now; up to 2**29 - 1.
        Raises ValueError; RuntimeError if the queue is being dispatched. Context: thread.
        """
        if timeout_ms is not None:
            check_ms(timeout_ms, 0)
        return self._serve(timeout_ms, self._signal.acquire)

    def dispatch_forever(self):
        """dispatch() without end, as the function of a thread. Context: thread."""
        return self._serve(None, self._signal.acquire)

    def dispatch_once(self):
        """Make the calls that are due and do not wait: for a loop in plain code.

        An async handler is not run but reported: it could not wait.
        Raises RuntimeError if the queue is being dispatched. Context: not an ISR.
        """
        try:
            self._serve(0, None).send(None)
        except StopIteration:
            pass

    def break_dispatch(self):
        """Have dispatch() return when it has made what is due; if none runs, the next one."""
        self._broken = True
        self._slow = True
        self._wake()

    async def _serve(self, timeout_ms, wait):
        if self._dispatched:
            raise RuntimeError("'%s' is being dispatched: that is the work of one" % self.name)
        self._dispatched = True
        irq_off, irq_on = self.irq_off, self.irq_on
        self._began = now()
        self._end = None if timeout_ms is None else (self._began + timeout_ms) & CLOCK_MASK
        self._left = len(self._inbox)
        self._slow = True
        try:
            while True:
                if self._slow:
                    place = self._next()
                    if place is None:
                        if self._end is self:
                            return
                        if self._slow:
                            await wait()
                        continue
                    kind = place.kind
                else:
                    await wait()
                    if self._slow or not self._inbox:
                        continue
                    place = self._inbox.popleft()
                    kind = place.kind
                    if kind and place.waits:
                        self._file(place)
                        continue
                # No branch until the place says that its call is made.
                function = place.function
                arg = place.arg
                place.function = None
                if kind:
                    kind = place.begin()
                try:
                    if function is not None:
                        if arg is NOTHING:
                            result = function()
                        else:
                            place.arg = NOTHING
                            result = function(arg)
                        if result is not None and hasattr(result, "send"):
                            if wait is None:
                                result.close()
                                raise RuntimeError("an async handler needs dispatch() in a thread")
                            await result
                except BaseException as error:
                    if not isinstance(error, Exception):
                        self._finish(place, kind, None, NOTHING)
                        raise
                    self._report(function, error)
                if kind:
                    self._finish(place, kind, function, arg)
                    continue
                place.id = (place.id + _GENERATION) & CLOCK_MASK
                state = irq_off()
                place.free = self._free
                self._free = place
                irq_on(state)
        finally:
            if self._alarm is not None:
                self._alarm.strand.finish()
                self._alarm = None
            self._dispatched = False
            if self._background is not None:
                self._tell()

    def _next(self):
        """What to call next when there is more than calls without delay, or None: wait.

        A pass makes what is due when it begins, so that calls which post calls let dispatch() end.
        That makes `_end` the queue itself.
        """
        while True:
            place = self._timed
            if place is not None and ticks_diff(place.due, self._began) <= 0:
                self._timed = place.next
                place.next = None
                place.waits = False
                return place
            if self._left:
                self._left -= 1
                self._signal.try_acquire()
                place = self._inbox.popleft()
                if not place.waits:
                    return place
                self._file(place)
                continue
            self._slow = False  # first, because what follows can be preempted
            if self._stale:
                self._sweep()
            end = self._end
            self._began = now()
            if self._broken or end is not None and ticks_diff(end, self._began) <= 0:
                self._broken = False
                self._end = self
                return None
            self._left = len(self._inbox)
            place = self._timed
            due = end if place is None else place.due
            if due is None and not (self._left or self._broken or self._stale):
                return None
            self._slow = True
            if self._left or due is None or ticks_diff(due, self._began) <= 0:
                continue
            if end is not None and ticks_diff(end, due) < 0:
                due = end
            if self._alarm is None:
                self._alarm = Alarm(self._wake)
            self._alarm.set(due)
            return None

    def _report(self, function, error):
        print("%r: handler '%s' failed:" % (self, name_of(function)))
        sys.print_exception(error)

    # ---- The dispatcher's lists

    def _file(self, place):
        """Put a place among those that wait for their time, behind those of the same time."""
        if place.function is None:  # cancelled meanwhile
            self._release(place)
            return
        due = place.due
        before = None
        after = self._timed
        while after is not None and ticks_diff(after.due, due) <= 0:
            before = after
            after = after.next
        place.next = after
        if before is None:
            self._timed = place
        else:
            before.next = place
        self._slow = True

    def _finish(self, place, kind, function, arg):
        """A call has been made: the place is free, or waits for the next period."""
        if kind == OWN:
            return
        if kind == PERIODIC:
            # In this order: cancel() may come at the branch, and looks at the function first.
            place.function = function
            place.arg = arg
            if function is not None and place.period_ms:
                place.next_period(now())
                self._file(place)
                return
            place.function = None
        self._release(place)

    def _release(self, place):
        place.waits = False
        place.arg = NOTHING
        place.period_ms = 0
        if not place.number:
            place.release()
            return
        place.kind = 0
        place.id = (place.id + _GENERATION) & CLOCK_MASK
        state = self.irq_off()
        place.free = self._free
        self._free = place
        self.irq_on(state)

    def _sweep(self):
        """Free the places of the cancelled calls among those that wait for their time."""
        self._stale = False
        before = None
        place = self._timed
        while place is not None:
            after = place.next
            if place.function is not None:
                before = place
            else:
                if before is None:
                    self._timed = after
                else:
                    before.next = after
                place.next = None
                self._release(place)
            place = after
