"""CriticalSection: code that no interrupt handler and no other thread comes in between."""

from machine import disable_irq, enable_irq
from rtos.core import lock, unlock

_depth = 0
_state = None


class CriticalSection:
    """`with CriticalSection():` keeps interrupt handlers and other threads away; it nests.

    One object serves any number of sections. Allocates nothing once it is there. Keep it to
    some ten statements: interrupts wait. What would let others run – await, sleep, waiting for
    a device – must not be in it.

    A soft callback that was pending before may still be called at a branch (a loop, an if) inside.
    Context: any. Source: mbed's CriticalSectionLock.
    """

    def __repr__(self):
        return "<CriticalSection depth %d>" % _depth

    def __enter__(self):
        enter()
        return self

    def __exit__(self, kind, error, trace):
        leave()

    def depth(self):
        """How many sections the caller is in; 0: none."""
        return _depth


def enter():
    """The section begins. Context: any."""
    global _depth, _state
    lock()
    state = disable_irq()
    if not _depth:
        _state = state
    _depth += 1


def leave():
    """The section ends; the outermost one lets interrupts in again. Raises RuntimeError."""
    global _depth
    if not _depth:
        raise RuntimeError("no critical section to leave: enter() first")
    _depth -= 1
    if not _depth:
        enable_irq(_state)
    unlock()


def in_critical_section():
    """Whether the caller is in one. Context: any."""
    return _depth > 0
