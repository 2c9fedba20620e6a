"""PinInterrupt: over machine.Pin.irq."""

from pininterrupt import PinInterrupt

__all__ = ("PinInterrupt",)
