"""machine for CPython: the pins and timers of board host, which a test sets and moves on."""

LEVELS = {}  # key -> level, of inputs too
EDGES = {}  # key -> (handler, pin, edges)
_MODES = {}


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
            _MODES[self._key] = mode

    def mode(self):
        return _MODES.get(self._key, Pin.IN)

    def __call__(self, level=None):
        if level is None:
            return LEVELS.get(self._key, 0)
        LEVELS[self._key] = int(bool(level))

    value = __call__

    def irq(self, handler=None, trigger=3, *, hard=False):
        EDGES[self._key] = (handler, self, trigger if handler else 0)
