"""machine for CPython: pins and timers of board host, moved by drive() and advance()."""

import micropython

_levels = {}
_modes = {}
_irqs = {}  # name -> (handler, pin, edges)
_timers = []
micropython._now_us = (1 << 30) - 2000  # so that the counter wraps early in a test


def now_us():
    return micropython._now_us


def drive(name, level):
    """What is outside sets the level of an input."""
    before, _levels[name] = _levels.get(name, 0), level
    handler, pin, edges = _irqs.get(name, (None, None, 0))
    if level != before and edges & (1 if level else 2):
        handler(pin)


def advance(us, settle):
    """Let time pass; settle() is called behind each interrupt."""
    end = now_us() + us
    while _timers and (first := min(_timers, key=lambda timer: timer.due)).due <= end:
        micropython._now_us = first.due
        first.expire()
        settle()
    micropython._now_us = end


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self._key = id
        if mode != -1 or value is not None:
            self.init(mode, pull, value=value)

    def __repr__(self):
        return f"<Pin {self._key}>"

    def name(self):
        return self._key

    def init(self, mode=-1, pull=-1, *, value=None):
        if mode == Pin.IN and self._key.startswith("LED"):
            raise ValueError("an LED is an output")
        if value is not None:
            self(value)
        if mode != -1:
            _modes[self._key] = mode

    def mode(self):
        return _modes.get(self._key, Pin.IN)

    def __call__(self, level=None):
        if level is None:
            return _levels.get(self._key, 0)
        _levels[self._key] = int(bool(level))

    value = __call__

    def irq(self, handler=None, trigger=3, *, hard=False):
        _irqs[self._key] = (handler, self, trigger if handler else 0)


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id):
        self.due = 0

    def init(self, *, mode, period, tick_hz, callback, hard):
        assert tick_hz == 1_000_000 and hard and period > 0
        self.deinit()
        self._period = period if mode == Timer.PERIODIC else 0
        self._callback = callback
        self.due = now_us() + period
        _timers.append(self)

    def expire(self):
        if self._period:
            self.due += self._period
        else:
            _timers.remove(self)
        self._callback(self)

    def deinit(self):
        if self in _timers:
            _timers.remove(self)


_irq_on = [True]


def disable_irq():
    """The state before; irq_enabled() tells tests."""
    state = _irq_on[0]
    _irq_on[0] = False
    return state


def enable_irq(state=True):
    _irq_on[0] = state


def irq_enabled():
    return _irq_on[0]
