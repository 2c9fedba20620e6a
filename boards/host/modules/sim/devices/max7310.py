"""MAX7310 port expander, on an I2C bus.

Source: Maxim's data sheet of the MAX7310: command byte and registers. The bus timeout is a register
that does nothing.
"""

from micropython import const

_INPUT = const(0)
_OUTPUT = const(1)
_POLARITY = const(2)
_CONFIGURATION = const(3)
_TIMEOUT = const(4)
_PINS = const(8)
_OPEN_DRAIN_PIN = const(0)


class MAX7310:
    """The chip.

    wires: up to eight Wires, which its pins drive and read; None where there is none.
    levels: what drives the pins without a wire from outside, a mask; as a property.
    """

    properties = ("levels", "driven")

    def __init__(self, wires=(), levels=0):
        self.levels = levels
        self._wires = wires
        self._drivers = [
            None if wire is None else wire.driver(f"MAX7310 {i}", i == _OPEN_DRAIN_PIN)
            for i, wire in enumerate(wires)
        ]
        self.outputs = self._drivers
        self.power_on()

    def __repr__(self):
        return f"<MAX7310 pins {self.pins():#04x}>"

    def power_on(self):
        """The state after power-up."""
        self.registers = bytearray((0, 0x00, 0xF0, 0xFF, 0x01))
        self._command = 0
        self._first = True
        self._drive()

    def pins(self):
        """The levels on the pins, a mask."""
        inputs = self.registers[_CONFIGURATION]
        found = self.registers[_OUTPUT] & ~inputs | self.levels & inputs
        for i, wire in enumerate(self._wires):
            if wire is not None:
                found = found & ~(1 << i) | wire() << i
        return found & 0xFF

    @property
    def driven(self):
        """What the outputs drive, a mask; to look at."""
        return self.registers[_OUTPUT] & ~self.registers[_CONFIGURATION]

    @driven.setter
    def driven(self, mask):
        raise ValueError("the chip drives them")

    def start(self, read):
        self._first = not read
        return True

    def write(self, byte):
        if self._first:
            self._first = False
            self._command = byte
            return True
        if not _OUTPUT <= self._command <= _TIMEOUT:
            return self._command == _INPUT  # written to without an effect
        self.registers[self._command] = byte
        self._drive()
        return True

    def read(self):
        if self._command == _INPUT:
            return self.pins() ^ self.registers[_POLARITY]
        return self.registers[self._command] if self._command <= _TIMEOUT else 0xFF

    def stop(self):
        pass

    def _drive(self):
        for i, driver in enumerate(self._drivers):
            if driver is None:
                continue
            if self.registers[_CONFIGURATION] >> i & 1:
                driver.release()
            else:
                driver(self.registers[_OUTPUT] >> i & 1)


#: What `coil run --i2c max7310@ADDRESS` attaches, and its options there.
DEVICE = MAX7310
OPTIONS = {"levels": "int"}
