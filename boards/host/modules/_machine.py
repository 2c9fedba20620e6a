"""Classes that the built-in module machine of board host looks up here: Timer, RTC, WDT.

Pin, I2C, SPI and what else is simulated comes from the package sim when it is first asked for.
"""

import time
from errno import ENOMEM

import host
from micropython import const

_ALARMS = const(12)  # interrupt lines of timers; the simulation has the next four
_PERIOD_US_MIN = const(50)


def __getattr__(name):
    from sim.host_machine import find

    value = find(name)
    globals()[name] = value
    return value


class Timer:
    """A timer of the operating system as an interrupt. 12 of them run at a time.

    id: -1; there are no numbered ones.  freq in Hz or period in ms (or with tick_hz).
    hard: the callback runs in the interrupt handler, where nothing can be allocated.
    """

    ONE_SHOT = const(0)
    PERIODIC = const(1)

    # The timers that have an interrupt line, by line; this also keeps them alive.
    _running = [None] * _ALARMS

    def __init__(self, id=-1, **settings):
        if id != -1:
            raise ValueError("board host has virtual timers only: use Timer(-1) or Timer()")
        self._line = None
        self._expired = self._expire  # bound here, since an interrupt handler may set it again
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, freq=-1, period=-1, callback=None, tick_hz=1000, hard=False):
        self.deinit()
        if freq > 0:
            us = round(1_000_000 / freq)
        elif period > 0:
            us = period * 1_000_000 // tick_hz
        else:
            raise ValueError("give freq=, or period= in milliseconds, greater than 0")
        us = max(us, 1)
        if mode == Timer.PERIODIC and us < _PERIOD_US_MIN:
            raise ValueError("a periodic Timer of board host needs 50 us or more")
        if None not in Timer._running:
            raise OSError(ENOMEM, "board host has %d timers at a time" % _ALARMS)
        self._line = Timer._running.index(None)
        Timer._running[self._line] = self
        if mode == Timer.ONE_SHOT:
            host.line(self._line, self._expired, callback, hard)
            host.alarm(self._line, us)
        else:
            host.line(self._line, callback, self, hard)
            host.alarm(self._line, us, us)

    def _expire(self, callback):
        self.deinit()
        if callback is not None:
            callback(self)

    def deinit(self):
        """Stop; the timer can be started again with init()."""
        line = self._line
        if line is not None:
            host.alarm(line)
            host.line(line)
            Timer._running[line] = None
            self._line = None


class RTC:
    """The board's clock; it starts at the computer's time, or at the time that the tools gave."""

    def datetime(self, when=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds), or set it."""
        if when is not None:
            host.set_time(time.mktime(when[:3] + when[4:7] + (0, 0)))
            return None
        ns = time.time_ns()
        now = time.gmtime(ns // 1_000_000_000)
        return now[:3] + (now[6],) + now[3:6] + (ns // 1000 % 1_000_000,)


class WDT:
    """The watchdog: a reset unless feed() is called within the timeout (ms). It never stops."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("there is one watchdog: WDT(0)")
        if timeout < 1:
            raise ValueError("the watchdog's timeout must be at least 1 ms")
        self._timeout_ms = timeout
        self.feed()

    def feed(self):
        host.watchdog(self._timeout_ms)


if host.has_devices():
    from sim import host_tools

    host_tools.start()
