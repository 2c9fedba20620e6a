"""What is done most with the places of an event queue, in the twin of the core."""

from micropython import const

from .eventplace import CLOCK_MASK, NOTHING

_GENERATION = const(2048)


def put(calls, function, arg):
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


def make_next(calls):
    """make() for the first place of the inbox; None as well if there is none."""
    if not calls.inbox:
        return None
    place = calls.inbox.popleft()
    if place.waits:
        return place
    # No branch until the place says that its call is made. A handler may cancel it in between: that shows
    # in its kind.
    calls.function = function = place.function
    arg = place.arg
    place.function = None
    calls.making = place
    if function is None or place.kind:
        return calls.make_it(place, arg)
    arg = function() if arg is NOTHING else function(arg)
    if arg is not None and hasattr(arg, "send"):
        return arg
    calls.making = None
    place.arg = NOTHING
    place.id = (place.id + _GENERATION) & CLOCK_MASK
    arg = calls.irq_off()
    place.free = calls.free
    calls.free = place
    calls.irq_on(arg)
    return None
