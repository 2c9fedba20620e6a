"""Pins of the emulated board: LEDs, virtual pins, and the lines of its buses."""

from errno import EOPNOTSUPP

from machine import Pin
from pinnames import PinNames

from . import NAME

_NAMES = PinNames(
    (
        ("LED", 1, 10, "LED", 1),
        ("BUTTON", 1, 2, "V", 0),
        ("D", 0, 16, "V", 0),
        ("V", 0, 16, "V", 0),
        ("A", 0, 6, "A", 0),
    ),
    {
        "I2C_SCL": "I2C3_SCL",
        "I2C_SDA": "I2C3_SDA",
        "SPI_SCK": "SPI4_SCK",
        "SPI_MOSI": "SPI4_MOSI",
        "SPI_MISO": "SPI4_MISO",
        "SPI_CS": "SPI4_CS",
        "UART_TX": "UART1_TX",
        "UART_RX": "UART1_RX",
    },
    (
        ("I2C", 0, 3, ("SCL", "SDA")),
        ("SPI", 0, 4, ("SCK", "MOSI", "MISO", "CS")),
        ("UART", 1, 4, ("TX", "RX")),
    ),
)


def resolve(name):
    """What stands for a pin: the same string for all names of it.

    name: "LED1", "D3", ..., 0 to 15 for V0 to V15, or a machine.Pin. Raises ValueError.
    """
    if isinstance(name, Pin):
        return repr(name)[5:-2]  # Pin('V3')
    key = _NAMES.find(name if isinstance(name, str) else "V" + str(name))
    if key is None:
        raise _NAMES.unknown(name, NAME)
    return key


def make_pin(key):
    """The machine.Pin of a key. OSError(EOPNOTSUPP): QEMU has no such pin to read or to set."""
    if key.startswith(("LED", "V", "I2C")):
        return Pin(key)
    raise OSError(EOPNOTSUPP, "%s has no digital input or output on %s" % (NAME, key))
