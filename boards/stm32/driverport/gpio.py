"""Pins of an STM32: those of the chip, and the board's names for them."""

from board import NAME
from machine import Pin

_SHOWN = 8


def resolve(name):
    """What stands for a pin: "PA5" for port A, pin 5, whatever name it was given by.

    name: a name in Pin.board ("LED1", "D13", "A0", ...), "PA5", "A5" where the board has no such name,
    or a machine.Pin. A key is a name that it takes. Raises ValueError.
    """
    if isinstance(name, Pin):
        return "P" + name.name()
    if isinstance(name, str):
        # Not by Pin(name): for that "A0" may be the board's, and is the chip's elsewhere.
        if _is_key(name):
            return name
        pin = getattr(Pin.board, name, None) or getattr(Pin.cpu, name, None)
        if pin is not None:
            return "P" + pin.name()
    shown = [pin for pin in sorted(dir(Pin.board)) if pin[0] != "_" and not _is_key(pin)]
    raise ValueError(
        "no pin %r on %s: use %s%s%s"
        % (
            name,
            NAME,
            ", ".join(shown[:_SHOWN]),
            ", ... in machine.Pin.board" if len(shown) > _SHOWN else "",
            " or the chip's, such as PA5" if shown else "the chip's, such as PA5",
        )
    )


def _is_key(name):
    return name[:1] == "P" and hasattr(Pin.cpu, name[1:])


def make_pin(key):
    """The machine.Pin of a key."""
    return getattr(Pin.cpu, key[1:])
