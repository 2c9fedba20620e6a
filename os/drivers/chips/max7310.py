"""MAX7310: a port of eight pins behind I2C. Maxim's data sheet of the MAX7310: registers."""

from micropython import const

from .expander import ExpanderPin
from .i2cchip import I2CChip

# Command byte.
_INPUT = const(0)
_OUTPUT = const(1)
_POLARITY = const(2)  # 1 inverts what the input register shows; 0xF0 after power-up
_CONFIGURATION = const(3)  # 1 = input
_TIMEOUT = const(4)
_TIMEOUT_ON = const(1)

_PINS = const(8)
_ALL = const(0xFF)


class MAX7310(I2CChip):
    """Eight pins, each an input or a push-pull output (pin 0: open-drain).

    All become inputs, as after power-up; what they show is not inverted (after power-up the upper
    four are). The chip's bus timeout stays on: it lets go of a bus that stands still for 30 to 60 ms.
    Raises OSError(ENODEV) when it is not there. Methods may be called by one thread at a time.
    """

    NAME = "MAX7310"

    def __init__(self, i2c, addr=0x18):
        super().__init__(i2c, addr)
        self._one = bytearray(1)
        self._two = bytearray(2)
        self._output = 0
        self._inputs = _ALL
        self._pins = {}
        self._write(_CONFIGURATION, _ALL)
        self._write(_POLARITY, 0)
        self._write(_OUTPUT, 0)
        self.bus_timeout(True)

    def pin(self, number, mode=-1, value=None, inverted=False):
        """The ExpanderPin of that number, 0 to 7; always the same object.

        mode, value: as for its init(); -1 and None leave them.  inverted: 1 means low.
        """
        if not 0 <= number < _PINS:
            raise ValueError("a %s has pins 0 to %d, not %r" % (self.NAME, _PINS - 1, number))
        key = number, bool(inverted)
        pin = self._pins.get(key)
        if pin is None:
            pin = self._pins[key] = ExpanderPin(self, number, bool(inverted))
        pin.init(mode, value=value)
        return pin

    # ---- The whole port: one transfer each, bit n is pin n

    def read(self):
        """The levels on all pins, outputs too."""
        self._get(_INPUT, self._one)
        return self._one[0]

    def write(self, mask, value):
        """Set the outputs in mask to the bits of value; pins that are inputs show it once they are none."""
        value = self._output & ~mask | value & mask & _ALL
        self._write(_OUTPUT, value)
        self._output = value

    def written(self):
        """What was written to all outputs; no transfer."""
        return self._output

    def direction(self, mask=0, output=False):
        """The mask of the outputs; with arguments, make the pins in mask outputs or inputs."""
        if mask:
            inputs = self._inputs & ~mask if output else self._inputs | mask & _ALL
            self._write(_CONFIGURATION, inputs)
            self._inputs = inputs
            if output:
                # The chip keeps this register; QEMU's model clears the pins that change direction.
                self._write(_OUTPUT, self._output)
        return ~self._inputs & _ALL

    def bus_timeout(self, on):
        """Whether the chip lets go of a bus whose clock stands still."""
        self._write(_TIMEOUT, _TIMEOUT_ON if on else 0)
        self._timeout = bool(on)

    def check(self):
        """Tell that the chip is there, and that it has not been reset.

        There is no identity register: what was written must read the same. Raises OSError(ENODEV).
        """
        self._expect(_POLARITY, 0)
        self._expect(_CONFIGURATION, self._inputs)
        self._expect(_TIMEOUT, _TIMEOUT_ON if self._timeout else 0)

    def _expect(self, register, value):
        self._get(register, self._one)
        if self._one[0] != value:
            text = "register %d reads 0x%02x instead of 0x%02x"
            self._strange(text % (register, self._one[0], value))

    def _write(self, register, value):
        self._two[0] = register
        self._two[1] = value
        self._put(self._two)
