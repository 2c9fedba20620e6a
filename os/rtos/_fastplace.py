"""_plainnext.py in machine code."""

import micropython
from micropython import const

from .eventplace import NOTHING

_GENERATION = const(2048)
_CLOCK_MASK = const(0x3FFFFFFF)

_none = None
_nothing = NOTHING


@micropython.viper
def put(calls, function, arg) -> object:
    """Post a call. Returns its id, 0: there is no room. Any context."""
    state = calls.irq_off()
    place = calls.free
    calls.free = place.free
    place.append(place)
    calls.irq_on(state)
    place.function = function
    place.arg = arg
    calls.wake()
    return place.id


@micropython.viper
def make_next(calls) -> object:
    """make() for the first place of the inbox; None as well if there is none."""
    inbox = calls.inbox
    if not inbox:
        return None
    place = inbox.popleft()
    if place.waits:
        return place
    none = _none
    nothing = _nothing
    function = place.function
    calls.function = function
    arg = place.arg
    place.function = none
    calls.making = place
    if function is none or int(place.kind):  # a handler may have cancelled it until here
        return calls.make_it(place, arg)
    arg = function() if arg is nothing else function(arg)
    if arg is not none and hasattr(arg, "send"):
        return arg
    calls.making = none
    place.arg = nothing
    place.id = (int(place.id) + _GENERATION) & _CLOCK_MASK
    arg = calls.irq_off()
    place.free = calls.free
    calls.free = place
    calls.irq_on(arg)
    return None
