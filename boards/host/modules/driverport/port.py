"""Ports: the virtual pins, and the LEDs."""

from machine import Pin
from pinport import PinPort

from . import NAME

_PORTS = {"V": ("V", 0, 16), "D": ("V", 0, 16), "LED": ("LED", 1, 10)}


def PortRegister(name):
    """The port called "LED" (bit 0 is LED1), or "V", also "D" (bit 0 is V0). Raises ValueError."""
    if name not in _PORTS:
        raise ValueError("no port %r on %s: use LED, V" % (name, NAME))
    prefix, first, count = _PORTS[name]
    keys = [prefix + str(n) for n in range(first, first + count)]
    return PinPort([Pin(key) for key in keys], keys)
