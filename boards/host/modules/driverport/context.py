"""Whether an interrupt handler runs: one of the process, or of simulated hardware."""

from sim.clock import in_handler

__all__ = ("in_isr",)

try:
    from host import in_isr as _in_isr
except ImportError:  # CPython, which has no handlers but the simulation's
    _in_isr = in_handler


def in_isr():
    """Whether the caller is, or was called by, a hard interrupt handler. Context: any."""
    return _in_isr() or in_handler()
