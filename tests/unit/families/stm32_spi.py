"""An SPI unit that another one clocks: RM0090 28.3, RM0351 42.4; pyb.SPI as ports/stm32/pyb_spi.c."""


class SpiUnit:
    """Unit n, and pyb.SPI for it. byte() is the controller; select() its chip select."""

    def __init__(self, chip, pin, n=1):
        self.chip = chip
        self.cells = chip.memory.cells
        self.base = base = chip.numbers.SPIS[n]
        self.pin = pin
        self.depth = 4 if chip.numbers.SPI_FIFO else 1
        self.out = []
        self.came = []
        self.overrun = 0
        self.settings = None
        memory = chip.memory
        memory.on_read[base + 8] = self._status
        memory.on_read[base + 0x0C] = self._take
        memory.on_write[base + 0x0C] = self._put
        memory.on_write[base] = self._control
        unit = self

        class SPI:
            PERIPHERAL = 0
            MSB, LSB = 0, 0x80

            def __init__(self, number, mode, *, polarity, phase, bits, firstbit, nss):
                assert number == n and mode == self.PERIPHERAL and bits == 8 and nss == 0
                unit.settings = (polarity, phase, firstbit)
                unit.cells[base] = 1 << 6 | 1 << 12  # SPE, and a bit that is none of ours

            def deinit(self):
                unit.settings = None

        chip.pyb.SPI = SPI

    def on(self):
        return self.cells.get(self.base, 0) >> 6 & 1

    def _control(self, value):
        self.cells[self.base] = value
        if not value >> 6 & 1:
            self.out = []
            if self.depth > 1:
                self.came = []

    def _status(self):
        if self.overrun == 2:
            self.overrun = 0
            return (1 if self.came else 0) | 1 << 6
        return (1 if self.came else 0) | 2 | self.overrun << 6

    def _take(self):
        if self.chip.memory.merging:
            return 0
        if self.overrun:
            self.overrun = 2
        return self.came.pop(0)

    def _put(self, value):
        assert self.on(), "a byte for a unit that is off"
        if len(self.out) >= self.depth:
            self.out.pop()
        self.out.append(value & 0xFF)

    def select(self, level):
        self.pin.drive(level)

    def byte(self, value):
        """One byte each way, if it is selected."""
        if self.pin() or not self.on():
            return None
        sent = self.out.pop(0) if self.out else 0x00
        if len(self.came) >= self.depth:
            self.overrun = 1
        else:
            self.came.append(value)
        return sent

    def frame(self, data, gap_us=110):
        core = self.chip.core
        self.select(0)
        core.pass_time(gap_us)
        sent = []
        for value in data:
            sent.append(self.byte(value))
            core.pass_time(gap_us)
        self.select(1)
        return bytes(sent)
