"""Whether an interrupt handler runs: one of the process, or of simulated hardware."""

import host
from sim.clock import in_handler

__all__ = ("in_isr",)

_in_isr = getattr(host, "in_isr", in_handler)  # CPython has no handlers but the simulation's


def in_isr():
    """Whether the caller is, or was called by, a hard interrupt handler. Context: any."""
    return _in_isr() or in_handler()
