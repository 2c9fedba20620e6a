"""Timer: calls a function in a thread after a time, once or again and again."""

from micropython import const

from .core import lock, now, park, ready, unlock
from .failure import Terminated, report
from .thread import HIGH, Thread

# Times differ by less than half the range of the clock.
_PERIOD_MAX_MS = const(0x1FFFFFFF)
_TICKS_MASK = const(0x3FFFFFFF)
_TICKS_HALF = const(0x20000000)


class Timer:
    """A kernel timer; CMSIS-RTOS2's, and what mbed's Ticker and Timeout do in an interrupt.

    function(*args) is called in a thread of this timer, so it may take its time and use whatever a
    thread may; an async function is awaited. With at most one argument a call allocates nothing.
    priority: of that thread; HIGH is what mbed's timer thread has. name: for repr and reports.

    A periodic timer keeps to its first start: a call that comes late does not delay those after it.
    Periods that pass while the function runs are skipped and counted in `missed`. An exception is
    reported with the timer's name, and the timer stops.
    """

    def __init__(self, function, *args, priority=HIGH, name=None):
        if not callable(function):
            raise TypeError("Timer(function, *args): pass the function, not its call")
        self.name = name or getattr(function, "__name__", "timer")
        #: Periods that have passed without a call.
        self.missed = 0
        self._function = function
        self._args = args
        self._priority = priority
        self._thread = Thread(self._serve, priority=priority, name=self.name)
        self._due = None  # None: stopped
        self._period_ms = 0
        self._waits = False  # for the time or a start, not for something in the function

    def __repr__(self):
        if self._due is None:
            return "<Timer '%s' stopped>" % self.name
        return "<Timer '%s' in %d ms%s>" % (
            self.name,
            self.remaining_ms(),
            ", every %d ms" % self._period_ms if self._period_ms else "",
        )

    def start(self, period_ms, periodic=False):
        """Have the function called in `period_ms` milliseconds, and so on every time if `periodic`.

        A timer that runs starts afresh. period_ms: 1 to 2**29 - 1, six days.
        Raises ValueError. Context: thread or base level; the first start allocates.
        """
        if not isinstance(period_ms, int) or not 0 < period_ms <= _PERIOD_MAX_MS:
            raise ValueError("period_ms: 1 to 2**29 - 1")
        lock()
        try:
            self._due = now() + period_ms & _TICKS_MASK
            self._period_ms = period_ms if periodic else 0
            strand = self._thread.strand
            if strand is None:
                self._thread.start()
            elif strand.coroutine is None:  # the kernel has ended since
                self._waits = False
                self._thread = Thread(self._serve, priority=self._priority, name=self.name)
                self._thread.start()
            elif self._waits:
                ready(strand)
        finally:
            unlock()

    def stop(self):
        """No more calls; one that has begun goes on. Context: thread, base level, soft callback."""
        self._due = None

    def remaining_ms(self):
        """Milliseconds until the next call, 0 when it is due, None when stopped. Context: any."""
        due = self._due
        if due is None:
            return None
        left_ms = due - now() & _TICKS_MASK
        return left_ms if left_ms < _TICKS_HALF else 0

    async def _serve(self):
        while True:
            lock()
            left_ms = self.remaining_ms()
            if left_ms == 0:
                self._advance()
                unlock()
                try:
                    result = self._call()
                    if hasattr(result, "send"):
                        await result
                except (Terminated, GeneratorExit):
                    raise
                except BaseException as error:
                    self._due = None
                    report(self, error)
                continue
            self._waits = True
            try:
                waiting = park(None, left_ms)
            finally:
                unlock()
            # No branch since the lock: start() finds the thread waiting if it finds _waits.
            await waiting
            self._waits = False

    def _advance(self):
        if not self._period_ms:
            self._due = None
            return
        late_ms = now() - self._due & _TICKS_MASK
        skipped = late_ms // self._period_ms
        self.missed += skipped
        self._due = self._due + (skipped + 1) * self._period_ms & _TICKS_MASK

    def _call(self):
        args = self._args
        if not args:
            return self._function()
        if len(args) == 1:
            return self._function(args[0])
        return self._function(*args)
