"""Stopwatch: measures time."""

from time import ticks_add, ticks_diff, ticks_us

from driverport import Alarm
from micropython import const

from .sleep import DeepSleepLock

# The counter is read that often at least, long before it has gone round.
_PIECE_US = const(1 << 28)


class Stopwatch:
    """Measures how long it runs, in microseconds, over several starts if need be.

        watch = Stopwatch()
        watch.start()
        ...
        print(watch.elapsed_us())

    mbed calls it Timer; machine.Timer means something else. While it runs the board does not sleep
    so deeply that microseconds stop. As a context manager it runs inside.
    Context of the constructor: thread or base level. Source: mbed's Timer.
    """

    def __init__(self):
        self._alarm = Alarm(self._keep)
        self._lock = DeepSleepLock("Stopwatch")
        self._running = False
        self._since = 0
        self._pieces = 0
        self._before_us = 0

    def __repr__(self):
        state = "running" if self._running else "stopped"
        return "<Stopwatch %s %d us>" % (state, self.elapsed_us())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()

    def start(self):
        """Go on; one that runs runs on. Context: any, allocates nothing."""
        if not self._running:
            try:
                self._lock.lock()
                self._running = True
                self._restart()
            except BaseException:  # Ctrl-C in the middle
                self._halt()
                raise

    def stop(self):
        """Stand still. Context: thread, base level, soft callback."""
        if self._running:
            try:
                self._before_us = self.elapsed_us()
                self._halt()
            except BaseException:
                self._halt()
                raise

    def _halt(self):
        self._running = False
        self._alarm.stop()
        if self._lock.held:
            self._lock.unlock()

    def reset(self):
        """Set to 0; one that runs runs on. Context: any, allocates nothing."""
        self._before_us = 0
        if self._running:
            self._restart()

    def elapsed_us(self):
        """Microseconds that it has run since the last reset. Context: any, in an ISR up to 2**29."""
        if not self._running:
            return self._before_us
        while True:
            pieces = self._pieces
            part_us = ticks_diff(ticks_us(), self._since)
            if pieces == self._pieces:  # no interrupt in between
                break
        if pieces:
            part_us += pieces * _PIECE_US
        return self._before_us + part_us

    def _restart(self):
        self._alarm.start(_PIECE_US, _PIECE_US)
        self._pieces = 0
        self._since = ticks_us()

    def _keep(self, alarm):
        self._since = ticks_add(self._since, _PIECE_US)
        self._pieces += 1
