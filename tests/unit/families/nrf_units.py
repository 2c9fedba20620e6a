"""TWIS, SPIS and QSPI of an nRF52840: PS 6.32, 6.26, 6.19."""


class Unit:
    """Registers at a base; those in `events` are events."""

    def __init__(self, chip, base, events):
        self.chip = chip
        self.core = chip.core
        self.base = base
        self.cells = chip.memory.cells
        self.events = dict.fromkeys(events, 0)
        for at in events:
            chip.memory.on_read[base + at] = lambda at=at: self._event(at)
            chip.memory.on_write[base + at] = lambda value, at=at: self.events.update({at: value})

    def _event(self, at):
        self.core.pass_time(1)
        return self.events[at]

    def task(self, at, function):
        self.chip.memory.on_write[self.base + at] = lambda value: function()

    def cell(self, at):
        return self.cells.get(self.base + at, 0)


class TwisModel(Unit):
    """A target on an I2C bus whose controller is write() and read(). They return None for a NACK."""

    def __init__(self, chip, n=0):
        super().__init__(chip, chip.numbers.SERIAL[n], (0x104, 0x164, 0x168))
        self.suspended = self.rx = self.tx = False
        self.errors = self.rx_amount = self.tx_amount = 0
        self.held_us = 0
        self.task(0x14, self._stop)
        self.task(0x20, lambda: setattr(self, "suspended", False))
        self.task(0x30, lambda: setattr(self, "rx", True))
        self.task(0x34, lambda: setattr(self, "tx", True))
        memory, base = chip.memory, self.base
        memory.on_read[base + 0x4D0] = lambda: self.errors
        memory.on_write[base + 0x4D0] = lambda v: setattr(self, "errors", self.errors & ~v)
        memory.on_read[base + 0x53C] = lambda: self.rx_amount
        memory.on_read[base + 0x54C] = lambda: self.tx_amount

    def _stop(self):
        self.rx = self.tx = False
        self.events[0x104] = 1

    def _begin(self, addr, event, short):
        if self.cell(0x500) != 9 or self.cell(0x594) != 1 or self.cell(0x588) != addr:
            return False
        self.events[event] = 1
        self.suspended = bool(self.cell(0x200) >> short & 1)
        return True

    def _hold(self, ready):
        """The clock stands still until there is a buffer, or for 20 ms."""
        begun = self.core.now
        while self.suspended or not ready():
            self.chip.pass_time(20)
            if self.core.now - begun > 20_000:
                return False
        self.held_us = self.core.now - begun
        return True

    def write(self, addr, data, stop=True):
        """How many bytes it acknowledges."""
        if not self._begin(addr, 0x164, 13):
            return None
        if not self._hold(lambda: self.rx):
            return -1
        self.rx = False
        limit = self.cell(0x538)
        n = min(len(data), limit)
        buf, index = self.chip.ram(self.cell(0x534), limit)
        for i in range(n):
            buf[index + i] = data[i]
        if n < len(data):
            self.errors |= 1
        self.rx_amount = n
        self.events[0x104] |= stop
        return n

    def read(self, addr, n, stop=True):
        if not self._begin(addr, 0x168, 14):
            return None
        if not self._hold(lambda: self.tx):
            return b"held"
        self.tx = False
        limit = self.cell(0x548)
        buf, index = self.chip.ram(self.cell(0x544), limit)
        got = bytes(buf[index : index + min(n, limit)])
        self.tx_amount = len(got)
        if len(got) < n:
            self.errors |= 8
            got += bytes([self.cell(0x5C0)]) * (n - len(got))
        self.events[0x104] |= stop
        return got


class SpisModel(Unit):
    """A target on an SPI bus whose controller is frame(), which returns what the target has sent."""

    def __init__(self, chip, n=2):
        super().__init__(chip, chip.numbers.SERIAL[n], (0x104, 0x128))
        self.mine = True  # the CPU has not got the semaphore
        self.pending = self.busy = False
        self.status = self.rx_amount = self.tx_amount = 0
        self.task(0x24, self._acquire)
        self.task(0x28, self._release)
        memory, base = chip.memory, self.base
        memory.on_read[base + 0x440] = lambda: self.status
        memory.on_write[base + 0x440] = lambda v: setattr(self, "status", self.status & ~v)
        memory.on_read[base + 0x53C] = lambda: self.rx_amount
        memory.on_read[base + 0x54C] = lambda: self.tx_amount

    def _acquire(self):
        if self.busy:
            self.pending = True
        else:
            self.mine = False
            self.events[0x128] = 1

    def _release(self):
        assert not self.mine, "RELEASE of what nobody has"
        self.mine = True

    def frame(self, data, during=None):
        assert self.cell(0x500) == 2
        if not self.mine:
            return bytes([self.cell(0x55C)]) * len(data)
        limit = self.cell(0x548)
        out, at = self.chip.ram(self.cell(0x544), limit)
        sent = bytes(out[at : at + min(limit, len(data))])
        into, index = self.chip.ram(self.cell(0x534), self.cell(0x538))
        n = min(len(data), self.cell(0x538))
        self.busy = True
        if during:
            during()
        for i in range(n):
            assert not self.mine or self.cell(0x500) == 2
            into[index + i] = data[i]
        self.busy = False
        self.rx_amount, self.tx_amount = n, len(sent)
        self.status = (2 if n < len(data) else 0) | (1 if len(sent) < len(data) else 0)
        self.events[0x104] = 1
        if self.cell(0x200) >> 2 & 1 or self.pending:
            self.pending = False
            self._acquire()
        return sent + bytes([self.cell(0x5C0)]) * (len(data) - len(sent))


class QspiModel(Unit):
    """The unit and a memory: `log` has what goes over the lines."""

    def __init__(self, chip):
        super().__init__(chip, 0x40029000, (0x100,))
        self.memory = bytearray(b"\xff" * 4096)
        self.log = []
        self.frame = []
        self.open = False
        #: The memory does not answer, and commands do not end.
        self.absent = self.dead = False
        self.task(0x00, self._activate)
        self.task(0x04, self._read)
        self.task(0x08, self._write)
        self.task(0x10, lambda: None)
        chip.memory.on_write[self.base + 0x500] = self._enable
        chip.memory.on_write[self.base + 0x634] = self._instruct
        for at in (0x524, 0x528, 0x530, 0x534, 0x538, 0x53C):
            chip.memory.on_write[self.base + at] = lambda value, at=at: self._psel(at, value)

    def _psel(self, at, value):
        assert not self.cell(0x500), "PSEL while the unit is on"
        self.cells[self.base + at] = value

    def _enable(self, value):
        self.cells[self.base + 0x500] = value
        self.open = False

    def _activate(self):
        assert self.cell(0x500) == 1
        self.events[0x100] = not self.absent

    def _done(self):
        self.events[0x100] = not self.dead

    def _instruct(self, value):
        assert self.cell(0x500) == 1 and value >> 12 & 3 == 3, "write protected"
        if not self.open:
            self.frame = [value & 0xFF]
        n = (value >> 8 & 15) - 1
        assert 0 <= n <= 8
        words = [self.cell(0x638 + (i & 4)) >> 8 * (i & 3) & 0xFF for i in range(n)]
        came = 0
        for i in range(n):
            came |= self._reply(len(self.frame)) << 8 * i
            self.frame.append(words[i])
        self.cells[self.base + 0x638] = came & 0xFFFFFFFF
        self.cells[self.base + 0x63C] = came >> 32
        self.open = bool(value >> 16 & 1 and not value >> 17 & 1)
        if not self.open:
            self.log.append(bytes(self.frame))
        self._done()

    def _reply(self, at):
        frame = self.frame
        if frame[0] == 0x9F and at <= 3:
            return (0xC2, 0x28, 0x17)[at - 1]
        if frame[0] == 0x03 and at >= 4:
            return self.memory[((frame[2] << 8 | frame[3]) + at - 4) % 4096]
        if frame[0] == 0x0B and at >= 5:
            return self.memory[((frame[2] << 8 | frame[3]) + at - 5) % 4096]
        return 0xFF

    def _read(self):
        source, into, n = self.cell(0x504), self.cell(0x508), self.cell(0x50C)
        assert source % 4 == into % 4 == n % 4 == 0 < n
        buf, index = self.chip.ram(into, n)
        buf[index : index + n] = self.memory[source : source + n]
        self.log.append(("read", self.cell(0x544), source, n))
        self._done()

    def _write(self):
        into, source, n = self.cell(0x510), self.cell(0x514), self.cell(0x518)
        assert source % 4 == into % 4 == n % 4 == 0 < n
        assert into // 256 == (into + n - 1) // 256, "over the end of a page"
        buf, index = self.chip.ram(source, n)
        for i in range(n):
            self.memory[into + i] &= buf[index + i]
        self.log.append(("write", self.cell(0x544), into, n))
        self._done()
