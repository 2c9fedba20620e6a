"""Ports: the 16 pins of a GPIO block.

Registers: RM0090 (F4) 8.4, RM0351 (L4) 8.5. All of them may be read and written by halves, and are here,
since a word with its two uppermost bits set would be a number on the heap.
"""

from board import NAME, chip
from machine import Pin, disable_irq, enable_irq, mem16
from micropython import const

_MODER = const(0x00)  # two bits a pin: 0 input, 1 output
_IDR = const(0x10)
_ODR = const(0x14)
_PINS = const(16)
_HALF = const(8)


class _Port:
    def __init__(self, base, letter):
        # Addresses are numbers on the heap, too, and so made here once.
        self._idr = base + _IDR
        self._odr = base + _ODR
        self._moder = (base + _MODER, base + _MODER + 2)
        self.keys = ["P%s%d" % (letter, n) for n in range(_PINS)]

    def read(self):
        """The levels, as a number. Context: any."""
        return mem16[self._idr]

    def write(self, mask, value):
        """Set the levels of the pins in the mask, all at the same moment. Context: any."""
        # BSRR would do it without the lock, for a number on the heap if it clears pin 14 or 15.
        at = self._odr
        state = disable_irq()
        mem16[at] = mem16[at] & ~mask | value & mask
        enable_irq(state)

    def direction(self, mask, output):
        """Make outputs or inputs of the pins in the mask; pulls stay. Context: any."""
        for half in range(2):
            pins = mask >> half * _HALF & 0xFF
            if not pins:
                continue
            wide = 0  # 01 for each pin
            for n in range(_HALF):
                wide |= (pins >> n & 1) << 2 * n
            at = self._moder[half]
            state = disable_irq()
            mem16[at] = mem16[at] & ~(wide * 3) | (wide if output else 0)
            enable_irq(state)


def PortRegister(name):
    """The port called "A", "B", ..., also "PA": bit 0 is PA0. Raises ValueError."""
    letter = name[1:] if isinstance(name, str) and len(name) == 2 and name[0] == "P" else name
    if letter not in chip.GPIO_PORTS or not hasattr(Pin.cpu, letter + "0"):
        ports = [port for port in chip.GPIO_PORTS if hasattr(Pin.cpu, port + "0")]
        raise ValueError("no port %r on %s: use %s" % (name, NAME, ", ".join(ports)))
    # Its clock is on from the first Pin() of the port on.
    Pin(getattr(Pin.cpu, letter + "0"))
    return _Port(chip.GPIO + chip.GPIO_STEP * chip.GPIO_PORTS.index(letter), letter)
