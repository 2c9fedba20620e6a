"""CAN of board host, which is simulated."""

from sim import parts

__all__ = ("Can",)


def Can(bus):
    """The board's controller of CAN bus 0 or 1; None: 0."""
    return parts.can_node(0 if bus is None else bus)
