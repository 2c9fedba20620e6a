"""What an event queue holds: a place for each call that waits, and what is called."""

from micropython import const

#: The clock of the kernel counts milliseconds modulo 2**30.
CLOCK_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
#: The longest delay and period: 6 days.
DELAY_MAX_MS = const(0x1FFFFFFF)

#: Kinds of a place besides 0, a call that is made once.
PERIODIC = const(1)
OWN = const(2)  # a UserEvent that is made once
DELAYED = const(3)


class _Nothing:
    def __repr__(self):
        return "NOTHING"


#: Stands for "no argument": None is one.
NOTHING = _Nothing()


def ticks_diff(a, b):
    """Milliseconds from `b` to `a` on the kernel's clock, negative if `a` comes first."""
    return ((a - b + _HALF) & CLOCK_MASK) - _HALF


def check_ms(ms, least):
    """Raise ValueError unless `ms` is a delay or a period."""
    if not isinstance(ms, int) or not least <= ms <= DELAY_MAX_MS:
        raise ValueError("%d to 2**29 - 1 ms: post longer times in parts" % least)


def name_of(function):
    """A function's name, for reports."""
    return getattr(function, "__name__", None) or repr(function)


class Bound:
    """A function with arguments."""

    def __init__(self, function, args):
        self.__name__ = name_of(function)
        self._function = function
        self._args = args

    def __call__(self, *args):
        return self._function(*(self._args + args))


class Place:
    """Room for one call.

    function: None if the place is free, cancelled, or its call is being made. id: of the call, while
    it is in use; else of the next one. append: puts the place into its queue's inbox.
    """

    def __init__(self, id, append):
        self.id = self.number = id
        self.append = append
        self.free = None  # the next free one
        self.next = None  # of those that wait for their time
        self.function = None
        self.arg = NOTHING
        self.waits = False  # for its time
        self.due = 0
        self.period_ms = 0
        self.kind = 0

    def cancel(self):
        """Returns whether there was anything to cancel. The place is not free yet."""
        if self.function is not None:
            self.function = None
            return True
        if self.period_ms:  # being made
            self.period_ms = 0
            return True
        return False

    def time_left(self, now):
        """Milliseconds; 0: the call is due or is being made."""
        return max(0, ticks_diff(self.due, now)) if self.waits else 0

    def begin(self):
        """The call of a place that is not of kind 0 is made now. Returns the kind it has then."""
        if self.kind == DELAYED:
            self.kind = 0
        return self.kind

    def next_period(self, now):
        """Wait for the first time after `now` that is whole periods after the last one."""
        late = ticks_diff(now, self.due)
        periods = 1 if late < 0 else late // self.period_ms + 1
        self.due = (self.due + periods * self.period_ms) & CLOCK_MASK
        self.waits = True
