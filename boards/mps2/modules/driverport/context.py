"""Whether an interrupt handler runs: the processor knows."""

from board import in_isr

__all__ = ("in_isr",)
