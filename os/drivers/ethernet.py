"""The board's own Ethernet, whatever chip it is."""

from errno import EOPNOTSUPP

from driverport import NAME, ethernet

_made = None


def Ethernet():
    """The board's Ethernet as a netdev (docs/contracts.md), to be started.

    Made again, the new one takes over, and the one before is deinitialised.
    Raises OSError(EOPNOTSUPP) when the board has none, OSError(ENODEV) when it does not answer.
    """
    global _made
    chip, arguments = ethernet()
    if chip == "LAN9118":
        from .chips.lan9118 import LAN9118

        if _made is not None:
            _made.deinit()
        _made = LAN9118(**arguments)
        return _made
    raise OSError(EOPNOTSUPP, "%s has an Ethernet chip without driver: %s" % (NAME, chip))
