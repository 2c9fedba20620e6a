"""The emulated board's Ethernet: a LAN9118."""

import mps2
from micropython import const

_ADDRESS = const(0x40200000)
_LINE = const(13)


def _connect(handler):
    mps2.irq(_LINE, handler, hard=True)


def ethernet():
    """Chip and arguments, for drivers.Ethernet."""
    # QEMU 7.2, told to skip a frame (RX_DP_CTRL), keeps its room for ever and loses step.
    return "LAN9118", {"bus": _ADDRESS, "interrupt": _connect, "fast_forward": False}
