"""Ports: P0 and P1.

Registers: nRF52840 PS 6.9.2, GPIO. They take whole words only.
"""

from board import NAME, chip
from machine import disable_irq, enable_irq, mem32
from micropython import const

_BASES = (0x50000000, 0x50000300)
_OUTSET = const(0x508)
_OUTCLR = const(0x50C)
_IN = const(0x510)
_PIN_CNF = const(0x700)
# PIN_CNF: DIR, and INPUT, by which the level of an output can be read, too.
_OUTPUT = const(1)
_PULL_AND_DRIVE = const(0x70C)


class _Port:
    def __init__(self, number):
        base = _BASES[number]
        # Addresses are numbers on the heap, and so made once.
        self._in = base + _IN
        self._set = base + _OUTSET
        self._clear = base + _OUTCLR
        self._first = base + _PIN_CNF
        self._pin_cnf = {}
        self._pins = chip.PINS[number]
        self.keys = ["P%d" % (number * 32 + n) for n in range(self._pins)]

    def read(self):
        """The levels, as a number; with P30 or P31 high that takes heap. Context: any."""
        return mem32[self._in]

    def write(self, mask, value):
        """Set the levels of the pins in the mask: some rise, then at once the others fall."""
        # OUT would change all at the same moment, but reading it takes heap when P30 or P31 is high.
        rise = mask & value
        fall = mask & ~value
        state = disable_irq()
        mem32[self._set] = rise
        mem32[self._clear] = fall
        enable_irq(state)

    def direction(self, mask, output):
        """Make outputs or inputs of the pins in the mask; pulls stay.

        Context: any, after a first time for these pins.
        """
        known = self._pin_cnf
        for n in range(self._pins):
            if mask & 1:
                if n not in known:
                    known[n] = self._first + 4 * n
                at = known[n]
                state = disable_irq()
                mem32[at] = mem32[at] & _PULL_AND_DRIVE | (_OUTPUT if output else 0)
                enable_irq(state)
            mask >>= 1


def PortRegister(name):
    """The port called "P0", also 0, or "P1": bit 0 is P0 or P32. Raises ValueError."""
    for number in range(len(chip.PINS)):
        if name == number or name == "P%d" % number:
            return _Port(number)
    ports = ["P%d" % number for number in range(len(chip.PINS))]
    raise ValueError("no port %r on %s: use %s" % (name, NAME, ", ".join(ports)))
