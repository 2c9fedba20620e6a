"""What must not be called in an interrupt handler: it says so, and what to do instead."""

from driverport import in_isr

# Made here: a handler has no heap for it.
_SET_UP = "not in an interrupt handler: do it before, in a thread or in a soft callback"


def refuse_isr(text=_SET_UP):
    """Raise RuntimeError(text) in an interrupt handler. Context: any, allocates nothing.

    text: a constant, since nothing can be formatted there.
    """
    if in_isr():
        raise RuntimeError(text)
