"""CriticalSection: code that no interrupt handler and no other thread comes in between."""

from machine import disable_irq, enable_irq
from rtos.core import lock, unlock

_depth = 0
_states = [None, None]  # of disable_irq(), of the outermost section and of the others


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
    global _depth
    lock()
    _states[_depth > 0] = disable_irq()
    _depth += 1


def leave():
    """The section ends; the outermost one lets interrupts in again. Raises RuntimeError."""
    _leave[min(_depth, 2)]()


def _leave_none():
    raise RuntimeError("no critical section to leave: enter() first")


def _leave_last():
    global _depth
    _depth = 0
    enable_irq(_states[0])
    unlock()


def _leave_inner():
    global _depth
    _depth -= 1
    unlock()


# No branch in enter() and leave(): Ctrl-C raises at branches, and interrupts would stay off.
_leave = (_leave_none, _leave_last, _leave_inner)


def in_critical_section():
    """Whether the caller is in one. Context: any."""
    return _depth > 0
