"""QUADSPI in indirect mode: RM0390 12.3.10 and 12.5, RM0351 17.3 and 17.6."""


class QuadspiModel:
    """The unit: `log` has (CCR, address, alternate bytes, data) of each command that has ended."""

    def __init__(self, chip):
        self.chip = chip
        self.core = chip.core
        self.base = base = chip.numbers.QSPI
        self.cells = chip.memory.cells
        self.log = []
        self.reply = b""
        self.flags = 0
        self.left = 0
        self.data = []
        self.address = -1
        #: What the unit does not do: end a command, let an abort end; an address that it refuses.
        self.hangs = self.stuck = False
        self.refused = None
        memory = chip.memory
        memory.on_read[base + 8] = self._status
        memory.on_write[base + 0x0C] = self._clear
        memory.on_write[base + 0x14] = self._command
        memory.on_write[base + 0x18] = self._place
        memory.on_read[base + 0x20] = self._take
        memory.on_write[base + 0x20] = self._put
        memory.on_write[base] = self._control
        memory.on_read[base] = self._look

    def _look(self):
        self.core.pass_time(1)
        return self.cells.get(self.base, 0)

    def _control(self, value):
        if value & 2 and not self.stuck:
            self.left = 0
            self.data = []
            value &= ~2
        if value & 1 and not self.cells.get(self.base, 0) & 1:
            enable, _, bit = self.chip.numbers.QSPI_CLOCK
            assert self.cells.get(enable, 0) >> bit & 1, "no clock"
        self.cells[self.base] = value

    def _status(self):
        self.core.pass_time(1)
        status = self.flags
        if self.left and not self.hangs:
            status |= 4
        return status | (0x20 if self.left or self.hangs else 0)

    def _clear(self, value):
        self.flags &= ~(value & 0x1B)

    def _command(self, value):
        assert self.cells[self.base] & 1 and not self.left, "CCR while the unit is busy"
        self.ccr = value
        self.address = -1
        self.left = self.cells[self.base + 0x10] + 1 if value >> 24 & 3 else 0
        self.data = []
        if not value >> 10 & 3:
            self._go()

    def _place(self, value):
        if value == self.refused:
            self.flags |= 1
            self.left = 0
            return
        self.address = value
        self._go()

    def _go(self):
        if self.ccr >> 26 & 3 == 1:
            self.data = list(self.reply[: self.left])
            self.data += [0xFF] * (self.left - len(self.data))
            self._end()
        elif not self.left:
            self._end()

    def _end(self):
        alt = self.cells.get(self.base + 0x1C, 0) if self.ccr >> 14 & 3 else -1
        self.log.append((self.ccr, self.address, alt, bytes(self.data)))
        if not self.hangs and self.ccr >> 26 & 3 != 1:
            self.flags |= 2

    def _take(self):
        if self.chip.memory.merging:
            return 0
        assert self.left and self.ccr >> 26 & 3 == 1
        self.left -= 1
        byte = self.data.pop(0)
        if not self.left:
            self.flags |= 2
        return byte

    def _put(self, value):
        # What the fake stores is the whole word; the last byte written is its lowest.
        assert self.left and self.ccr >> 26 & 3 == 0
        self.data.append(value & 0xFF)
        self.left -= 1
        if not self.left:
            self._end()
