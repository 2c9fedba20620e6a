"""Pins of the host board: LEDs, virtual pins, and the lines of its simulated buses."""

from machine import Pin
from pinnames import PinNames

from . import NAME


def _lines():
    """(name, key) of the lines of the buses; the defaults' have names without a number, too."""
    for kind, first, count, default, lines in (
        ("I2C", 0, 4, 3, ("SCL", "SDA")),
        ("SPI", 0, 5, 4, ("SCK", "MOSI", "MISO", "CS")),
        ("UART", 1, 4, 1, ("TX", "RX")),
    ):
        for line in lines:
            yield "%s_%s" % (kind, line), "%s%d_%s" % (kind, default, line)
            for number in range(first, first + count):
                name = "%s%d_%s" % (kind, number, line)
                yield name, name


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
