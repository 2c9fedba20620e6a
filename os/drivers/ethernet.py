"""The board's own Ethernet, whatever chip it is."""

from errno import EOPNOTSUPP

from driverport import NAME, ethernet


def Ethernet():
    """The board's Ethernet as a netdev (docs/contracts.md), to be started.

    Raises OSError(EOPNOTSUPP) when the board has none, OSError(ENODEV) when it does not answer.
    """
    chip, arguments = ethernet()
    if chip == "LAN9118":
        from .chips.lan9118 import LAN9118

        return LAN9118(**arguments)
    raise OSError(EOPNOTSUPP, "%s has an Ethernet chip without driver: %s" % (NAME, chip))
