"""A simulated I2C bus, onto which device models plug.

The device contract. A device is any object with

    start(read) -> bool     addressed, after a start or repeated start; False: not acknowledged
    write(byte) -> bool     a byte from the controller; False: not acknowledged, it sends no more
    read() -> byte          the next byte for the controller
    stop()                  the transfer is over; not called before a repeated start

and, if it wants:

    stretch_us              it holds SCL so long in front of every byte, microseconds
    power_on()              the state after power-up; faults.BrownOut calls it
    power_off()             the supply has gone: what was being written stays half written
    outputs                 the Drivers of its pins, which drive nothing without the supply
    properties              names of attributes that `coil set` may change

All are called in the context of the transfer, with soft handlers held back. Source of the protocol:
NXP UM10204.
"""

from .i2cbits import Decoder
from .wires import Wire


class I2CBus:
    """Two wires with pull-ups, and devices.

    name: for people, and the first part of its wires' names.
    scl, sda: Wires; None: new ones.

    controller transfers come in through begin(), write(), read() and end() (machine.I2C), or
    bit by bit over the wires (SoftI2C, pins); devices see no difference.
    """

    def __init__(self, name="i2c", scl=None, sda=None):
        self.name = name
        self.scl = Wire(name + "_SCL") if scl is None else scl
        self.sda = Wire(name + "_SDA") if sda is None else sda
        self.scl.pull(1)
        self.sda.pull(1)
        #: Faults, asked in this order about each address and byte; see faults.py.
        self.faults = []
        self._devices = {}
        self._dark = []  # devices without power
        self._addressed = None
        self._reading = False
        self._address = 0
        self._decoder = Decoder(self)

    def __repr__(self):
        devices = ", ".join(f"{d} at {a:#04x}" for a, d in sorted(self._devices.items()))
        return f"<I2CBus {self.name}: {devices or 'no devices'}>"

    def attach(self, address, device):
        """Put a device at a 7-bit address; it may have several. ValueError if it is taken."""
        if not 0 <= address <= 0x7F:
            raise ValueError("an I2C address has 7 bits: use 0x08 to 0x77")
        if address in self._devices:
            raise ValueError(f"{self._devices[address]} is at {address:#04x} already")
        self._devices[address] = device
        return device

    def detach(self, device):
        """Take a device off the bus, at all its addresses."""
        for address in [a for a, d in self._devices.items() if _is(d, device)]:
            del self._devices[address]
        if _is(self._addressed, device):
            self._addressed = None

    def power(self, device, on):
        """Switch the supply of a device; without, it acknowledges nothing. faults.BrownOut."""
        self._dark = [each for each in self._dark if each is not device]
        if not on:
            self._dark.append(device)
            if _is(self._addressed, device):
                self._addressed = None

    def device(self, address):
        """The device at an address, or None."""
        return self._devices.get(address)

    @property
    def observed(self):
        """Whether anybody looks at the wires, or has shorted one: every bit must go over them."""
        scl, sda = self.scl, self.sda
        return scl.observed or sda.observed or scl.forced is not None or sda.forced is not None

    @property
    def disturbed(self):
        """Whether something holds a wire, while a transfer leaves them alone."""
        scl, sda = self.scl, self.sda
        return not (scl() and sda()) or scl.forced == 1 or sda.forced == 1

    # -- What a controller does. Nothing here allocates.

    def begin(self, address, read):
        """Start, or repeated start, and the address. Returns whether a device acknowledged."""
        device = self._devices.get(address)
        ack = device is not None
        for each in self._dark:
            if _is(device, each):
                ack = False
        for fault in self.faults:
            ack = fault.on_address(address, read, ack)
        # A device that fails to acknowledge has not noticed that it was addressed.
        ack = ack and device is not None and bool(device.start(read))
        self._address = address
        self._reading = read
        self._addressed = device if ack else None
        return ack

    def write(self, byte):
        """A byte to the device. Returns whether it acknowledged."""
        for fault in self.faults:
            byte = fault.on_write(self._address, byte)
            if byte is None:
                return False
        device = self._addressed
        return device is not None and bool(device.write(byte))

    def read(self):
        """A byte from the device; 0xff when none drives the wire."""
        device = self._addressed
        byte = 0xFF if device is None else device.read() & 0xFF
        for fault in self.faults:
            byte = fault.on_read(self._address, byte)
        return 0xFF if byte is None else byte

    def end(self):
        """Stop."""
        device = self._addressed
        self._addressed = None
        if device is not None:
            device.stop()

    def lose(self):
        """The device hears nothing any more, not even a stop."""
        self._addressed = None

    def stretch_us(self):
        """For how long the addressed device holds SCL in front of each byte."""
        return getattr(self._addressed, "stretch_us", 0)

    def hang(self, bits=0xFF):
        """A device was interrupted in mid-byte and waits for clocks with SDA low.

        bits: how many clock pulses it takes to let go of SDA, 1 to 9; a bigger number: never.
        """
        _Hang(self, bits)


def _is(attached, device):
    """Whether what is at an address is that device, or one of its parts, which have it as `chip`."""
    return attached is device or getattr(attached, "chip", None) is device


class _Hang:
    def __init__(self, bus, bits):
        self._left = bits
        self._bus = bus
        self._sda = bus.sda.driver("hang", open_drain=True)
        bus.scl.watch(self._clocked)
        self._sda(0)

    def _clocked(self, scl):
        if scl():
            return
        self._left -= 1
        if self._left == 0:
            self._bus.scl.unwatch(self._clocked)
            self._bus.sda.remove(self._sda)
