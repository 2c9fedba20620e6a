"""Ports: the virtual pins, which are words of the host page, and the LEDs, in two registers."""

from machine import disable_irq, enable_irq, mem32
from micropython import const
from mps2 import trace_pins

from . import NAME

# docs/adr/0001-platform.md
_PINS_IN = const(0x21FF0040)
_PINS_OUT = const(0x21FF0044)
_PINS_DIR = const(0x21FF0048)
# QEMU's hw/misc/mps2-fpgaio.c and mps2-scc.c: LED0 (A_LED0), CFG1.
_FPGAIO_LED = const(0x40028000)
_SCC_LED = const(0x4002F004)
_FPGAIO_LEDS = const(2)
_FPGAIO_MASK = const(3)
_SCC_MASK = const(0xFF)


class _VirtualPins:
    keys = ["V%d" % n for n in range(16)]

    def read(self):
        """The levels: those that the host drives, and those that outputs drive."""
        state = disable_irq()
        outputs = mem32[_PINS_DIR]
        levels = mem32[_PINS_IN] & ~outputs | mem32[_PINS_OUT] & outputs
        enable_irq(state)
        return levels

    def write(self, mask, value):
        """Set the levels that the pins in the mask drive."""
        _change(_PINS_OUT, mask, value)

    def direction(self, mask, output):
        """Make outputs or inputs of the pins in the mask."""
        _change(_PINS_DIR, mask, mask if output else 0)


class _Leds:
    keys = ["LED%d" % n for n in range(1, 11)]

    def read(self):
        """The levels."""
        state = disable_irq()
        levels = mem32[_FPGAIO_LED] & _FPGAIO_MASK
        levels |= (mem32[_SCC_LED] & _SCC_MASK) << _FPGAIO_LEDS
        enable_irq(state)
        return levels

    def write(self, mask, value):
        """Set the LEDs in the mask."""
        state = disable_irq()
        _change(_FPGAIO_LED, mask & _FPGAIO_MASK, value)
        _change(_SCC_LED, mask >> _FPGAIO_LEDS, value >> _FPGAIO_LEDS)
        enable_irq(state)

    def direction(self, mask, output):
        """ValueError unless they are outputs."""
        if not output:
            raise ValueError("LEDs are outputs")


def _change(address, mask, value):
    state = disable_irq()
    mem32[address] = mem32[address] & ~mask | value & mask
    enable_irq(state)
    trace_pins()


def PortRegister(name):
    """The port called "LED" (bit 0 is LED1), or "V", also "D" (bit 0 is V0). Raises ValueError."""
    if name == "LED":
        return _Leds()
    if name in ("V", "D"):
        return _VirtualPins()
    raise ValueError("no port %r on %s: use LED, V" % (name, NAME))
