"""Pins of the host board: LEDs, virtual pins, and the simulation's wires."""

from machine import Pin
from pinnames import PinNames

from . import NAME

# The lines of buses: those without a number are the default's.
_BUSES = (
    ("I2C", range(4), 3, ("SCL", "SDA")),
    ("SPI", range(5), 4, ("SCK", "MOSI", "MISO", "CS")),
    ("UART", range(1, 5), 1, ("TX", "RX")),
    ("CAN", range(2), 0, ("TX", "RX")),
    ("QSPI", range(1), 0, ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")),
)


def _lines():
    for bus, numbers, default, lines in _BUSES:
        for line in lines:
            for n in numbers:
                yield "%s%d_%s" % (bus, n, line), "%s%d_%s" % (bus, n, line)
            yield "%s_%s" % (bus, line), "%s%d_%s" % (bus, default, line)


_NAMES = PinNames(
    (
        ("LED", 1, 10, "LED", 1),
        ("BUTTON", 1, 2, "V", 0),
        ("D", 0, 16, "V", 0),
        ("V", 0, 16, "V", 0),
        ("A", 0, 6, "A", 0),
    ),
    dict(_lines()),
)


def resolve(name):
    """What stands for a pin: the same string for all names of it.

    name: "LED1", "D3", ..., 0 to 15 for V0 to V15, or a machine.Pin. Raises ValueError.
    """
    if isinstance(name, Pin):
        return name.name()
    key = _NAMES.find(name if isinstance(name, str) else "V" + str(name))
    if key is None:
        raise _NAMES.unknown(name, NAME)
    return key


def make_pin(key):
    """The machine.Pin of a key."""
    return Pin(key)
