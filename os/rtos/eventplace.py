"""What an event queue needs of time and of what it calls."""

from micropython import const

#: The clock of the kernel counts milliseconds modulo 2**30.
CLOCK_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
#: The longest delay and period: 6 days.
DELAY_MAX_MS = const(0x1FFFFFFF)


class _Nothing:
    def __repr__(self):
        return "NOTHING"


#: Stands for "no argument": None is one.
NOTHING = _Nothing()

#: What a caller is told whose function is None, such as that of `call(handler())`.
NO_CALL = "pass the function and its arguments, not its call"


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
        if function is None:
            raise TypeError(NO_CALL)
        self.__name__ = name_of(function)
        self._function = function
        self._args = args

    def __call__(self, *args):
        return self._function(*(self._args + args))


def time_left(place, now):
    """Milliseconds until a call is made; 0: it is due or is being made."""
    return max(0, ticks_diff(place.due, now)) if place.waits else 0
