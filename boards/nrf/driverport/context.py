"""Whether an interrupt handler runs: the processor knows."""

try:
    from ._fastcontext import in_isr
except ImportError:
    from ._plaincontext import in_isr

__all__ = ("in_isr",)
