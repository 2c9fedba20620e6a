"""CAN of board host, which is simulated."""

from busplaces import Places
from sim import parts

__all__ = ("Can", "find_can")

find_can = Places("CAN", 0, 1, 0, ("TX", "RX")).find


def Can(number):
    """The board's controller of CAN bus 0 or 1."""
    return parts.can_node(number)
