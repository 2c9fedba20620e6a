"""ThreadWatchdog: finds the thread that does not do its work any more, before the board is reset."""

from micropython import const

from .core import now, park, running
from .crash import record, watch_table
from .failure import RESET, STOP
from .kernel import kernel
from .thread import Thread

_TOP = const(55)
_TICKS_MASK = const(0x3FFFFFFF)
_TICKS_HALF = const(0x20000000)
_TIMEOUT_MAX_MS = const(0x1FFFFFFF)


class _Watched:
    """What is known of a thread, or of the base level: None."""

    def __init__(self, thread, timeout_ms, index):
        self.thread = thread
        self.name = "base level" if thread is None else thread.name
        self.timeout_ms = timeout_ms
        self.index = index
        self.due = 0
        self.check_in()

    def check_in(self):
        self.due = now() + self.timeout_ms & _TICKS_MASK

    def left_ms(self):
        """Milliseconds until it must have checked in; not above 0: it has not."""
        left_ms = self.due - now() & _TICKS_MASK
        return left_ms if left_ms < _TICKS_HALF else left_ms - _TICKS_MASK - 1


class ThreadWatchdog:
    """Each watched thread checks in every `timeout_ms` milliseconds, or is named as having failed.

        wdt = rtos.ThreadWatchdog(500, hardware=machine.WDT(timeout=2000))

        async def work():
            wdt.watch()
            while True:
                wdt.check_in()
                ...

    timeout_ms: 1 to 2**29 - 1. hardware: an object with feed(); it is fed while all are on time, at
    least every half of timeout_ms, and must not reset the board before twice the longest time-out.
    on_failure: what follows when a failure has been printed, and recorded for rtos.last_crash():
    RESET resets the board; STOP does not, but the hardware is not fed any more.
    timer: a machine.Timer that can call hard handlers. Stock firmware needs it in the background form
    to observe a thread that keeps the processor: nothing else preempts that.

    With interrupts off, or in C code, nobody can observe anything. The hardware resets the board
    then, and rtos.last_crash() names the watched thread that was the last to check in.
    """

    def __init__(self, timeout_ms, hardware=None, on_failure=RESET, timer=None):
        _check(timeout_ms)
        if on_failure not in (STOP, RESET):
            raise ValueError("on_failure: rtos.RESET or rtos.STOP")
        #: The name of the thread that has failed, or None.
        self.failed = None
        self._timeout_ms = timeout_ms
        self._hardware = hardware
        self._on_failure = on_failure
        self._watched = []
        self._by_thread = {}
        self._notes = None  # in RAM that survives a reset
        self._alive = True  # the timer's handler has something to observe only if it stays False
        self._thread = Thread(self._guard, priority=_TOP, name="watchdog").start()
        if timer is not None:
            timer.init(period=2 * timeout_ms, callback=self._observe, hard=True)

    def __repr__(self):
        if self.failed is not None:
            return "<ThreadWatchdog '%s' has failed>" % self.failed
        return "<ThreadWatchdog of %d threads>" % len(self._watched)

    def watch(self, thread=None, timeout_ms=None):
        """Expect a thread to check in from now on.

        thread: the caller by default, which may be the base level. timeout_ms: its own time-out.
        Raises ValueError. Context: thread or base level.
        """
        if timeout_ms is None:
            timeout_ms = self._timeout_ms
        _check(timeout_ms)
        if thread is None:
            thread = running()
        self.unwatch(thread)
        watched = _Watched(thread, timeout_ms, len(self._watched))
        self._by_thread[thread] = watched
        self._watched = self._watched + [watched]  # the guard may be looking at the old ones
        self._notes = None

    def unwatch(self, thread=None):
        """Expect nothing more of a thread, the caller by default. Context: thread or base level."""
        if thread is None:
            thread = running()
        if self._by_thread.pop(thread, None) is not None:
            self._watched = [other for other in self._watched if other.thread is not thread]
            for index in range(len(self._watched)):
                self._watched[index].index = index
            self._notes = None

    def check_in(self):
        """The calling thread is alive and well. Allocates nothing.

        Raises RuntimeError if it is not watched. Context: thread or base level.
        """
        watched = self._by_thread.get(running())
        if watched is None:
            raise RuntimeError("this thread is not watched: watch() first")
        watched.check_in()
        if self._notes is not None:
            self._notes[0] = watched.index

    async def _guard(self):
        while True:
            if self._notes is None:
                self._notes = watch_table([watched.name for watched in self._watched])
            delay_ms = self._timeout_ms // 2 or 1
            for watched in self._watched:
                left_ms = watched.left_ms()
                if left_ms <= 0:
                    self._accuse(watched)
                    return
                delay_ms = min(delay_ms, left_ms)
            self._alive = True
            if self._hardware is not None:
                self._hardware.feed()
            await park(None, delay_ms)

    def _accuse(self, late):
        """`late` has not checked in: find out whose fault that is."""
        name = late.name
        waits = "base level" if late.thread is None else late.thread.state()
        reason = "did not check in for %d ms, %s" % (late.timeout_ms - late.left_ms(), waits)
        if late.thread is None or late.thread.strand.queued or late.thread.strand.stepping:
            hog = self._hog()
            if hog is not None and hog is not late.thread:
                name = hog.name
                reason = "kept the processor, so that '%s' could not check in" % late.name
            elif hog is not None:
                reason = "kept the processor, and did not check in"
        self.failed = name
        record(name, reason)
        print("watchdog: '%s' %s" % (name, reason))
        if self._on_failure == RESET:
            kernel.port.reset()

    def _hog(self):
        """The thread that this one has preempted."""
        found = None
        for thread in kernel.threads:
            strand = thread.strand
            if not strand.stepping or thread is self._thread:
                continue
            if found is None or strand.priority > found.strand.priority:
                found = thread
        return found

    def _observe(self, _):
        """The timer's hard handler: the guard should have run since the last time."""
        if self._alive:
            self._alive = False
        elif self._notes is not None:
            watched = self._by_thread.get(running())
            if watched is not None:
                self._notes[1] = watched.index


def _check(timeout_ms):
    if not isinstance(timeout_ms, int) or not 0 < timeout_ms <= _TIMEOUT_MAX_MS:
        raise ValueError("timeout_ms: 1 to 2**29 - 1")
