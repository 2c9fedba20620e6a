"""Pins of an nRF52: numbers that go through its ports, and the board's names for them."""

from board import NAME, chip
from machine import Pin
from micropython import const

_PORT_PINS = const(32)
_SHOWN = 8
_COUNT = sum(chip.PINS)


def resolve(name):
    """What stands for a pin: "P13", as MicroPython calls it, whatever name it was given by.

    name: a name in Pin.board ("LED1", "D13", ...), "P13", "P0.13", "P1.05" (which is P37), a number, or
    a machine.Pin. A key is a name that it takes. Raises ValueError.
    """
    if isinstance(name, Pin):
        return "P%d" % name.pin()
    if isinstance(name, int) and 0 <= name < _COUNT:
        return "P%d" % name
    if isinstance(name, str):
        number = _number(name)
        if 0 <= number < _COUNT:
            return "P%d" % number
        pin = getattr(Pin.board, name, None)
        if pin is not None:
            return "P%d" % pin.pin()
    shown = [pin for pin in sorted(dir(Pin.board)) if pin[0] != "_" and _number(pin) < 0]
    raise ValueError(
        "no pin %r on %s: use %sP0 to P%d%s"
        % (
            name,
            NAME,
            "".join([pin + ", " for pin in shown[:_SHOWN]]),
            _COUNT - 1,
            ", or one of machine.Pin.board" if len(shown) > _SHOWN else "",
        )
    )


def _number(name):
    """Of "P13", "P0.13" or "P1.05"; -1 for other names."""
    port, dot, digits = name[1:].partition(".")
    if name[:1] != "P" or not port.isdigit():
        return -1
    if not dot:
        return int(port)
    if not digits.isdigit() or int(digits) >= _PORT_PINS:
        return -1
    return int(port) * _PORT_PINS + int(digits)


def make_pin(key):
    """The machine.Pin of a key."""
    return Pin(int(key[1:]))
