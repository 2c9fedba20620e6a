"""A simulated quad SPI bus, and a serial flash memory that understands quad commands.

The device contract. A device is any object with

    select(), deselect()    its chip select has gone low, or high
    put(byte, lines)        a byte comes in, on 1, 2 or 4 lines
    get(lines) -> byte      a byte goes out
    dummy(cycles)           clocks without data

and what an SPI device may have besides. Single() makes one of an SPI device. Faults flip, or lose, what
goes over all lines of a byte at once: on_write() of bytes to the device, on_read() of those from it.
"""

from . import clock

_FLOATING = 0xFF


class QspiBus:
    """Clock, chip select and four data lines, with one device.

    device: of the contract above, or None.
    """

    def __init__(self, name="qspi"):
        self.name = name
        self.device = None
        #: Faults, asked in this order about each byte; see faults.py.
        self.faults = []
        self._dark = False
        #: Bytes, as (line count, byte), that were on the bus, and dummy clocks as (0, cycles); or None.
        self.trace = None

    def __repr__(self):
        return f"<QspiBus {self.name}: {self.device or 'no device'}>"

    def attach(self, device):
        """Put the device on the bus."""
        self.device = device
        return device

    def power(self, device, on):
        """Switch the supply of the device; without, it answers nothing. faults.BrownOut."""
        if device is self.device:
            self._dark = not on

    def transfer(self, freq, format, instruction, address, alt, tx, rx):
        """One command. Negative: that phase is left out; tx, rx: buffers or None."""
        device = None if self._dark else self.device
        cycles = 0
        if device is not None:
            device.select()
        if instruction >= 0:
            cycles += self._put(instruction, 8, format.instruction_lines)
        if address >= 0:
            cycles += self._put(address, format.address_bits, format.address_lines)
        if alt >= 0:
            cycles += self._put(alt, format.alt_bits, format.alt_lines)
        if format.dummy_cycles and (tx is not None or rx is not None):
            cycles += format.dummy_cycles
            if self.trace is not None:
                self.trace.append((0, format.dummy_cycles))
            if device is not None:
                device.dummy(format.dummy_cycles)
        lines = format.data_lines
        if tx is not None:
            for byte in tx:
                cycles += self._put(byte, 8, lines)
        if rx is not None:
            for i in range(len(rx)):
                byte = _FLOATING if device is None else device.get(lines)
                for fault in self.faults:
                    byte = fault.on_read(0, byte)
                rx[i] = byte = _FLOATING if byte is None else byte
                cycles += 8 // lines
                if self.trace is not None:
                    self.trace.append((lines, byte))
        if device is not None:
            device.deselect()
        clock.spend(cycles * 1_000_000 // freq)

    def _put(self, value, bits, lines):
        for shift in range(bits - 8, -1, -8):
            byte = value >> shift & 0xFF
            if self.trace is not None:
                self.trace.append((lines, byte))
            for fault in self.faults:
                byte = fault.on_write(0, byte)
            if self.device is not None and not self._dark and byte is not None:
                self.device.put(byte, lines)
        return bits // lines


class Single:
    """An SPI device on a quad bus: it understands one line only, and hears noise else."""

    def __init__(self, device):
        self.device = device
        #: Bytes on several lines, which it could not understand.
        self.garbled = 0

    def __repr__(self):
        return repr(self.device)

    def select(self):
        self.device.select()

    def deselect(self):
        self.device.deselect()

    def put(self, byte, lines):
        if lines == 1:
            self.device.exchange(byte)
        else:
            self.garbled += 1
            for _ in range(8 // lines):  # it takes a bit with each clock
                byte = byte << lines
            self.device.exchange(byte & 0xFF)

    def get(self, lines):
        if lines == 1:
            return self.device.exchange(0xFF)
        self.garbled += 1
        return _FLOATING

    def dummy(self, cycles):
        for _ in range(cycles // 8):
            self.device.exchange(0xFF)


# Quad commands as (the command of one line, lines of address, lines of data, mode byte, dummy clocks).
# Source: Winbond W25Q128JV data sheet, rev. F, 8.1.2 and 8.1.3 (instruction sets 1 and 2).
_QUAD = {
    0x3B: (0x0B, 1, 2, False, 8),  # fast read dual output
    0xBB: (0x0B, 2, 2, True, 0),  # fast read dual I/O
    0x6B: (0x0B, 1, 4, False, 8),  # fast read quad output
    0xEB: (0x0B, 4, 4, True, 4),  # fast read quad I/O
    0x32: (0x02, 1, 4, False, 0),  # quad input page program
}
_READ_STATUS_2 = 0x35
_QUAD_ENABLE = 2  # bit of status register 2: 7.1.9
_ADDRESS_BYTES = 3


class QuadFlash:
    """Gives a serial flash of one line the quad commands of a W25Q.

    device: an SPI flash model with the commands 0x02, 0x0b and 0x35. Those on four lines are heard only
    when the bit QE of its status register 2 is set; phases with the wrong number of lines, or of dummy
    clocks, are counted in `garbled`, and the rest of the command is not heard.
    """

    def __init__(self, device):
        self.device = device
        self.garbled = 0
        self._plan = None
        self._deaf = False
        self._count = 0
        self._dummies = 0

    def __repr__(self):
        return f"<QuadFlash {self.device}>"

    def select(self):
        self.device.select()
        self._plan = None
        self._deaf = False
        self._count = self._dummies = 0

    def deselect(self):
        self.device.deselect()

    def put(self, byte, lines):
        if self._deaf:
            return
        count = self._count
        self._count += 1
        if count == 0:
            self._plan = _QUAD.get(byte)
            if lines != 1 or (self._plan is not None and not self._allowed(self._plan)):
                self._spoil()
                return
            self.device.exchange(byte if self._plan is None else self._plan[0])
            return
        if self._plan is None:
            if self._expect(lines, 1):
                self.device.exchange(byte)
            return
        single, address_lines, data_lines, mode, dummies = self._plan
        if count <= _ADDRESS_BYTES:
            if self._expect(lines, address_lines):
                self.device.exchange(byte)
        elif mode and count == _ADDRESS_BYTES + 1:
            self._expect(lines, address_lines)  # the mode byte: no continuous read here
        elif self._expect(lines, data_lines):
            self.device.exchange(byte)

    def dummy(self, cycles):
        self._dummies += cycles
        if self._plan is None and not self._deaf:
            for _ in range(cycles // 8):
                self.device.exchange(0xFF)

    def get(self, lines):
        if self._deaf:
            return _FLOATING
        if self._plan is None:
            return self.device.exchange(0xFF) if self._expect(lines, 1) else _FLOATING
        if self._dummies is not None:
            wanted = self._plan[4]
            needs = _ADDRESS_BYTES + 1 + self._plan[3]
            if self._dummies != wanted or self._count != needs:
                self._spoil()
                return _FLOATING
            self.device.exchange(0xFF)  # what one line has as dummy clocks
            self._dummies = None
        return self.device.exchange(0xFF) if self._expect(lines, self._plan[2]) else _FLOATING

    def _expect(self, lines, wanted):
        if lines != wanted:
            self._spoil()
            return False
        return True

    def _spoil(self):
        self.garbled += 1
        self._deaf = True

    def _allowed(self, plan):
        if 4 not in plan[1:3]:
            return True
        # Ask the model for its status register, as a command of its own.
        device = self.device
        device.deselect()
        device.select()
        device.exchange(_READ_STATUS_2)
        enabled = device.exchange(0xFF) & _QUAD_ENABLE
        device.deselect()
        device.select()
        return bool(enabled)
