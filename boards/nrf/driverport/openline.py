"""What the port's machine.Pin cannot be: an open-drain line that can be read, a pin with another drive.

Registers: nRF52840 PS 6.9.2, GPIO.
"""

from machine import mem32
from micropython import const

_BASES = (0x50000000, 0x50000300)
_OUTSET = const(0x508)
_OUTCLR = const(0x50C)
_IN = const(0x510)
_PIN_CNF = const(0x700)
# PIN_CNF: DIR output, INPUT connected, PULL up, DRIVE S0D1: drives low, and lets go instead of high.
_OPEN_DRAIN = const(0x60D)


def set_pin(key, cnf):
    """Set PIN_CNF of a pin."""
    number = int(key[1:])
    mem32[_BASES[number >> 5] + _PIN_CNF + 4 * (number & 31)] = cnf


class OpenLine:
    """`line = OpenLine("P26")`: line(0) drives it low, line(1) lets go, line() is its level."""

    def __init__(self, key):
        number = int(key[1:])
        self._base = base = _BASES[number >> 5]
        self._shift = number & 31
        self(1)
        mem32[base + _PIN_CNF + 4 * self._shift] = _OPEN_DRAIN

    def __call__(self, level=None):
        if level is None:
            return mem32[self._base + _IN] >> self._shift & 1
        mem32[self._base + (_OUTSET if level else _OUTCLR)] = 1 << self._shift
        return None
