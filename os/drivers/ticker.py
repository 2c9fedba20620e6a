"""Ticker and Timeout: a call after a time, again and again or once, in an interrupt or behind it."""

from time import ticks_add, ticks_diff, ticks_us

from driverport import Alarm
from micropython import const

from .context import refuse_isr
from .sleep import DeepSleepLock
from .softcall import SoftCall

# What is longer comes in pieces: times differ by less than half the range of the counter.
_PIECE_US = const(1 << 28)


class _Timed:
    _periodic = False
    _holder = None  # for the sleep manager; None: the board may sleep deeply

    def __init__(self):
        self._lock = DeepSleepLock(self._holder) if self._holder else None
        self._alarm = Alarm(self._ring)
        self._function = None  # what the interrupt calls
        self._soft = None
        #: How many times had no call of their own.
        self.missed = 0
        self._pieces = 0  # how many are left behind the one that the alarm is set for
        self._due = 0  # of the alarm
        # A time is `first`, then so many pieces.
        self._first_us = self._more = 0

    def __repr__(self):
        left_us = self.remaining_us()
        state = "detached" if left_us is None else "in %d us" % left_us
        return "<%s %s>" % (type(self).__name__, state)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.detach()

    def remaining_us(self):
        """Microseconds until the next call, 0 when it is due, None when detached. Context: any."""
        if self._function is None:
            return None
        while True:
            pieces = self._pieces
            left_us = ticks_diff(self._due, ticks_us())
            if pieces == self._pieces:  # no interrupt in between
                return max(left_us, 0) + pieces * _PIECE_US

    def detach(self):
        """No more calls, not even one that is due. May be called twice. Context: any."""
        try:
            self._cancel()
            self._unlock()
        except BaseException:  # Ctrl-C in the middle: once more
            self._cancel()
            self._unlock()
            raise

    def _cancel(self):
        self._alarm.stop()
        self._function = None
        if self._soft is not None:
            self._soft.cancel()

    def _unlock(self):
        lock = self._lock
        if lock is not None and lock.held:
            lock.unlock()

    def _attach(self, function, delay_us, hard):
        if not callable(function):
            raise TypeError("pass the function, not its call")
        if not isinstance(delay_us, int) or delay_us < 1:
            raise ValueError("microseconds: 1 at least")
        soft = self._soft
        fresh = not hard and (soft is None or soft.function != function)
        if fresh:
            refuse_isr("not in an interrupt handler: hard=True, or the function from before")
        self._cancel()
        if not hard:
            if fresh:
                self._soft = soft = SoftCall(function, self)
            function = soft.post
        try:
            lock = self._lock
            if lock is not None and not lock.held:
                lock.lock()
            self._begin(function, delay_us)
        except BaseException:  # Ctrl-C in the middle
            self.detach()
            raise

    def _begin(self, function, delay_us):
        pieces = (delay_us - 1) // _PIECE_US
        self._first_us = first_us = delay_us - pieces * _PIECE_US
        self._pieces = self._more = pieces
        self._function = function
        self._due = ticks_add(ticks_us(), first_us)
        self._alarm.start(first_us, first_us if self._periodic and not pieces else 0)

    def _ring(self, alarm):
        pieces = self._pieces
        if pieces:
            self._pieces = pieces - 1
            self._set(_PIECE_US)
            return
        function = self._function
        if not self._periodic:
            self._function = None
        elif self._more:
            self._pieces = self._more
            self._set(self._first_us)
        else:
            late_us = ticks_diff(ticks_us(), self._due)
            if late_us < 0:
                self.missed -= 1  # the call before was so late that it took this one for missed
            else:
                periods = late_us // self._first_us  # have passed with interrupts off
                self.missed += periods
                self._due = ticks_add(self._due, (periods + 1) * self._first_us)
        if function is None:
            return
        try:
            function(self)
        except BaseException:  # of a hard callback: the board switches the interrupt off
            self.detach()
            raise
        if self._function is None:  # it has not attached again
            self._unlock()

    def _set(self, delay_us):
        # By the time when this one was due, so that nothing adds up.
        self._due = due = ticks_add(self._due, delay_us)
        self._alarm.start(max(ticks_diff(due, ticks_us()), 1))


class Ticker(_Timed):
    """Calls a function again and again.

        ticker = Ticker()
        ticker.attach(lambda ticker: led.toggle(), 500_000)

    The n-th call is due n periods after attach(): nothing adds up.
    While it is attached the board does not sleep so deeply that microseconds stop.
    Context of the constructor: thread or base level. Source: mbed's Ticker.
    """

    _periodic = True
    _holder = "Ticker"

    def attach(self, function, period_us, hard=False):
        """Call function(self) every `period_us` microseconds, in place of what was attached.

        hard: in the interrupt handler, where nothing can be allocated; an exception there ends it.
        Else between two bytecodes of whatever runs. If either takes longer than a period, it is
        called once for several, and `missed` counts the others.
        Raises TypeError, ValueError. Context: thread, base level, callbacks; allocates nothing if
        `hard`, or if the function is the one from before.
        """
        self._attach(function, period_us, hard)


class Timeout(_Timed):
    """Calls a function once, after a time.

        timeout = Timeout()
        timeout.attach(lambda timeout: led.off(), 2_000_000)

    While it is attached the board does not sleep so deeply that microseconds stop.
    Context of the constructor: thread or base level. Source: mbed's Timeout.
    """

    _holder = "Timeout"

    def attach(self, function, delay_us, hard=False):
        """Call function(self) after `delay_us` microseconds, in place of what was attached.

        It may attach again, itself or another. The rest as Ticker.attach().
        """
        self._attach(function, delay_us, hard)


class LowPowerTicker(Ticker):
    """A Ticker that lets the board sleep deeply: periods are as exact as the clock that runs then.

    On mps2 and host all clocks run on in every sleep, and it is as exact as a Ticker.
    """

    _holder = None


class LowPowerTimeout(Timeout):
    """A Timeout that lets the board sleep deeply; see LowPowerTicker."""

    _holder = None
