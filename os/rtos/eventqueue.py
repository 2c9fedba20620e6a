"""EventQueue: calls that interrupt handlers and threads leave for a thread that makes them later.

Where the calls are kept, and how they are made, is in Calls: boards/native/src/calls.c, or its twin
_plaincalls.py. The list of those that wait for their time is here, and the dispatcher alone changes it;
cancel() marks.
"""

import sys

from micropython import const

from .core import Semaphore, lock, now, unlock
from .eventchain import Chained
from .eventplace import CLOCK_MASK, NOTHING, Bound, check_ms, name_of, ticks_diff, time_left
from .eventport import Alarm

# A plain import: where the module is there, the build leaves the twin out.
try:
    import _native as maker
except ImportError:
    import rtos._plaincalls as maker

_SIZE_MAX = const(1024)


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
        self._signal = Semaphore()
        self.calls = maker.Calls(size, self._signal, NOTHING)
        # What is called most is bound here once; interrupt handlers have no heap for it either.
        self.call = self.calls.call
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
        self._target = None  # of chain(), the last one
        self._in_target = None  # the place in there
        self._chain_alarm = None
        self._chained = False
        self._in_chain = self._serve_chained

    def __repr__(self):
        waiting = len(self.calls)
        place = self._timed
        while place is not None:
            waiting += 1
            place = place.next
        dispatched = " dispatched" if self._dispatched else ""
        return "<EventQueue '%s' %d waiting%s>" % (self.name, waiting, dispatched)

    # ---- Posting

    def __getattr__(self, name):
        if name == "dropped":  # how many posts have found no place
            return self.calls.dropped
        raise AttributeError(name)

    def call(self, function, *args):
        """Have the dispatcher call `function` with the arguments that follow, as soon as it can.

        Returns an id for cancel() and time_left(); 0 if no place is free, counted in `dropped`.
        Allocates nothing, unless there are two arguments or more: these need a heap, so a hard
        interrupt handler gets a MemoryError.
        """
        return self.calls.call(function, *args)  # each queue has its own in place of this

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
        if delay_ms or period_ms:
            return self.calls.post(function, arg, (now() + delay_ms) & CLOCK_MASK, period_ms)
        return self.call(function) if arg is NOTHING else self.call(function, arg)

    # ---- What was posted

    def cancel(self, id):
        """Take a call back. Returns True if it will not be made, or not again; else False.

        False: it has been made or is being made, or the id never was one. A periodic call that
        cancels itself gets True. The place is free when the dispatcher has come by.
        """
        lock()  # or the dispatcher frees the place in between, and somebody else takes it
        try:
            place = self.calls.find(id)
            cancelled = place is not None and place.cancel()
            if cancelled:
                self.calls.expel(place)
        finally:
            unlock()
        if cancelled:
            self.sweep()
        return cancelled

    def sweep(self):
        """Have the dispatcher free the places of cancelled calls. For UserEvent."""
        self._stale = True
        self._slow = True
        self._wake()

    def _wake(self):
        hook = self.calls.hook
        if hook is None:
            self._signal.release()
        else:
            hook()

    def time_left(self, id):
        """Milliseconds until a call is due; 0: it is due or is made; -1: the id is not in use."""
        place = self.calls.find(id)
        return -1 if place is None else time_left(place, now())

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
        dispatched = self._dispatched
        self._dispatched = True  # no branch in between: another thread may come at one
        if dispatched:
            raise RuntimeError("'%s' is being dispatched: that is the work of one" % self.name)
        calls = self.calls
        make = calls.make
        self._began = now()
        self._end = None if timeout_ms is None else (self._began + timeout_ms) & CLOCK_MASK
        self._left = len(calls)
        self._slow = True
        try:
            while True:
                place = None
                if self._slow:
                    place = self._next()
                    if place is None:
                        if self._end is self:
                            return
                        if self._slow:
                            await wait()
                        continue
                else:
                    await wait()
                    if self._slow:
                        continue
                try:
                    result = make(place)
                    if result is None:
                        continue
                    if hasattr(result, "send"):
                        if wait is None:
                            result.close()
                            raise RuntimeError("an async handler needs dispatch() in a thread")
                        await result
                        result = calls.done()
                except Exception as error:
                    result = calls.done()
                    self._report(calls.function, error)
                except BaseException:
                    calls.drop()
                    raise
                if result is not None:
                    self._file(result)
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
                place = self.calls.take()
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
            self._left = len(self.calls)
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
        try:
            print("%r: handler '%s' failed:" % (self, name_of(function)))
            sys.print_exception(error)
        except Exception:  # raised by the repr() of what the program has made
            print("%r: a handler failed, and its report, too" % self)

    # ---- The dispatcher's lists

    def _file(self, place):
        """Put a place among those that wait for their time, behind those of the same time."""
        if place.function is None:  # cancelled meanwhile
            self.calls.release(place)
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
                self.calls.release(place)
            place = after
