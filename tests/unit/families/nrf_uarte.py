"""A UARTE and the timer that counts its bytes: nRF52840 PS 6.34, 6.30, 6.16."""


class UarteModel:
    """Unit n of a chip. send() has bytes come in; what it sends is in `wire`."""

    def __init__(self, chip, n=0):
        self.chip = chip
        self.core = chip.core
        self.base, self.timer, self.channel = base, timer, _ = chip.numbers.UARTES[n]
        self.events = {}
        self.running = False
        self.stops_at = None
        self.pointer = 0
        self.amount = 0
        self.fifo = []
        self.count = 0
        self.counts = False
        self.captured = 0
        self.errors = 0
        self.wire = bytearray()
        self.sends_at = None
        self.piece = b""
        self.tx_amount = 0
        #: CTS is high; STOPRX and STOPTX are not obeyed.
        self.held = self.dead = False
        self.overwrites = 0
        memory = chip.memory
        self.cells = memory.cells
        for at in (0x108, 0x110, 0x120, 0x144, 0x14C, 0x158):
            memory.on_read[base + at] = lambda at=at: self._event(at)
            memory.on_write[base + at] = lambda value, at=at: self.events.update({at: value})
        memory.on_write[base] = lambda value: self._start()
        memory.on_write[base + 4] = self._stop
        memory.on_write[base + 8] = self._send
        memory.on_write[base + 0x0C] = self._stop_sending
        memory.on_write[base + 0x2C] = self._flush
        memory.on_read[base + 0x480] = lambda: self.errors
        memory.on_write[base + 0x480] = self._clear_errors
        memory.on_write[base + 0x500] = self._enable
        memory.on_read[base + 0x53C] = lambda: self.amount
        memory.on_read[base + 0x54C] = lambda: self.tx_amount
        for at in (0x508, 0x50C, 0x510, 0x514):
            memory.on_write[base + at] = lambda value, at=at: self._psel(at, value)
        memory.on_write[timer] = lambda value: setattr(self, "counts", True)
        memory.on_write[timer + 4] = lambda value: setattr(self, "counts", False)
        memory.on_write[timer + 0x0C] = lambda value: setattr(self, "count", 0)
        memory.on_write[timer + 0x40] = lambda value: setattr(self, "captured", self.count)
        memory.on_read[timer + 0x540] = lambda: self.captured & 0xFFFF
        self.core.sources.append(self)

    def enabled(self):
        return self.cells.get(self.base + 0x500, 0) == 8

    def _psel(self, at, value):
        assert not self.enabled(), "PSEL while the unit is on"
        self.cells[self.base + at] = value

    def _enable(self, value):
        if value != 8:
            self.running = False
            self.sends_at = None
        self.cells[self.base + 0x500] = value

    def _event(self, at):
        self.core.pass_time(1)
        return self.events.get(at, 0)

    def byte_us(self):
        config = self.cells[self.base + 0x56C]
        bits = 10 + (config >> 1 & 7 == 7) + (config >> 4 & 1)
        return bits * (1 << 28) // self.cells[self.base + 0x524]  # 16 MHz, 2**32

    # ---- Receiving

    def _start(self):
        assert self.enabled()
        self.pointer = self.cells[self.base + 0x534]
        self.amount = 0
        self.chip.ram(self.pointer, self.cells[self.base + 0x538])
        self.running = True
        self.events[0x14C] = 1
        waiting, self.fifo = self.fifo, []
        for byte in waiting:
            self._store(byte)

    def _stop(self, value):
        if not self.dead:
            self.stops_at = self.core.now + 3

    def _flush(self, value):
        self.pointer = self.cells[self.base + 0x534]
        self.fifo = []
        self.events[0x110] = 1

    def _clear_errors(self, value):
        self.errors &= ~value

    def _store(self, byte):
        if not self.running:
            if len(self.fifo) == 5:
                self.errors |= 1
            else:
                self.fifo.append(byte)
            return
        buf, index = self.chip.ram(self.pointer + self.amount, 1)
        buf[index] = byte
        self.amount += 1
        if self.amount == self.cells[self.base + 0x538]:
            self.running = False
            self.events[0x110] = 1
            if self.cells.get(self.base + 0x200, 0) & 1 << 5:
                self._start()

    def send(self, data, error=0, stored=True):
        """Bytes come in at once. error: bits of ERRORSRC with the first one."""
        assert self.enabled()
        for byte in data:
            self.events[0x108] = 1
            cells = self.cells
            if (
                self.counts
                and cells.get(0x4001F510 + 8 * self.channel) == self.base + 0x108
                and cells.get(0x4001F514 + 8 * self.channel) == self.timer + 8
                and cells.get(self.timer + 0x504) == 1
                and cells.get(self.timer + 0x508) == 0
            ):
                self.count += 1
            self.errors |= error
            error = 0
            if stored:
                self._store(byte)

    # ---- Sending

    def _send(self, value):
        assert self.enabled() and self.sends_at is None, "STARTTX while it sends"
        n = self.cells[self.base + 0x548]
        assert 0 < n <= self.chip.numbers.EASYDMA_MAX
        buf, index = self.chip.ram(self.cells[self.base + 0x544], n)
        self.piece = (buf, index, n)
        self.tx_amount = 0
        self.sends_at = self.core.now + self.byte_us()

    def _stop_sending(self, value):
        if not self.dead:
            self.sends_at = None
            self.events[0x158] = 1

    def tick(self):
        if self.stops_at is not None and self.core.now >= self.stops_at:
            self.stops_at = None
            self.running = False
            self.events[0x110] = self.events[0x144] = 1
        if self.sends_at is not None and self.core.now >= self.sends_at and not self.held:
            buf, index, n = self.piece
            self.wire.append(buf[index + self.tx_amount])  # fetched when it is sent
            self.tx_amount += 1
            self.sends_at = self.core.now + self.byte_us()
            if self.tx_amount == n:
                self.sends_at = None
                self.events[0x120] = 1

    def left(self):
        return None
