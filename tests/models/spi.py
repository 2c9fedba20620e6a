"""What tests of chips on SPI share: transcripts, the simulated bus, a bus that allocates nothing.

A case file has it with `# uses: models/spi.py`.
"""

import drivers.chips.spichip as spichip

_SHOWN = 12
_ERRNO = {"EIO": 5, "ETIMEDOUT": 110}


def turn_clock(start=0):
    """Time that moves on by 1 ms with each look at it, and with pauses."""
    now = [start]

    def ticks_ms():
        now[0] += 1
        return now[0]

    def sleep_ms(ms):
        now[0] += ms

    _use(ticks_ms, sleep_ms)


def _use(ticks_ms, sleep_ms):
    spichip.ticks_ms = ticks_ms
    spichip.sleep_ms = sleep_ms
    spichip.ticks_diff = _difference


def _difference(end, start):
    return end - start


class SpiTranscript:
    """An SPI bus and a chip select on which exactly this happens, in this order.

    A line is what happens while the chip is selected: `> bytes` that go out, `< bytes` that come in,
    hexadecimal, in turn; `! EIO`: the bus fails there. `-` in front: while it is not selected.
    """

    def __init__(self, *lines):
        self._lines = list(lines)
        self._now = None
        self.baudrates = []
        turn_clock()

    def add(self, *lines):
        self.done()
        self._lines = list(lines)

    def done(self):
        assert self._now is None, f"still selected, or in {self._now}"
        assert not self._lines, f"did not happen: {self._lines}"

    def cs(self, level):
        if not level:
            self._begin("")
        elif self._now is not None:
            assert not self._now, f"did not happen: {_text(self._now)}"
            self._now = None

    def init(self, baudrate, polarity, phase):
        assert (polarity, phase) == (0, 0)
        self.baudrates.append(baudrate)

    def write(self, buf):
        unselected = self._now is None
        if unselected:
            self._begin("-")
        for byte in buf:
            self._next(">", byte)
        if unselected:
            self.cs(1)

    def readinto(self, buf, write=0):
        assert write == 0xFF
        for i in range(len(buf)):
            buf[i] = self._next("<")

    def _begin(self, mark):
        assert self._lines, "one transfer too many"
        line = self._lines.pop(0)
        assert line[:1] == mark or (mark == "" and line[:1] != "-"), (
            f"{mark!r} began, expected {line}"
        )
        self._now = []
        way = None
        for word in line.lstrip("-").split():
            if word in ("<", ">", "!"):
                way = word
            else:
                self._now.append((way, _ERRNO[word] if way == "!" else int(word, 16)))

    def _next(self, way, byte=None):
        assert self._now, f"{way} {byte} is one too many; next is {self._lines[:1]}"
        expected, value = self._now.pop(0)
        if expected == "!":
            self._now = []
            raise OSError(value, "said by the transcript")
        assert expected == way, f"{way} {byte}, expected {expected} {value:02x} {_text(self._now)}"
        assert way == "<" or byte == value, (
            f"> {byte:02x}, expected {value:02x} {_text(self._now)}"
        )
        return value


def _text(steps):
    return " ".join([f"{way} {value:02x}" for way, value in steps[:_SHOWN]])


class SimulatedSpi:
    """A simulated bus with one device at its chip select, on a virtual clock.

    spi: a machine.SPI. cs: its output. interrupt: Wire for the device; irq: a pin for the driver.
    """

    def __init__(self, baudrate=20_000_000):
        import machine

        machine.Pin  # noqa: B018 - on board host it installs the computer's clock, replaced here
        from sim import board, clock
        from sim.machine_spi import SPI

        board.reset()
        clock.use(clock.VirtualClock())
        _use(lambda: clock.now() // 1000, lambda ms: clock.advance(ms * 1000))
        self.clock = clock
        self.spi = SPI(0, baudrate=baudrate)
        self.bus = board.spi(0)
        self._select = board.wire("SPI0_CS")
        self.cs = self._select.driver("cs")
        self.cs(1)
        self.interrupt = board.wire("D2")
        self.interrupt.pull(1)
        self.irq = IrqPin(self.interrupt)

    def attach(self, device):
        return self.bus.attach(self._select, device)


class IrqPin:
    """A pin with machine.Pin's irq() on a wire."""

    IRQ_FALLING = 2

    def __init__(self, wire):
        self._handler = None
        self.edges = 0
        wire.watch(self._changed, observer=False)

    def irq(self, handler=None, trigger=3, hard=False):
        assert handler is None or (trigger == self.IRQ_FALLING and hard)
        self._handler = handler

    def _changed(self, wire):
        if self._handler is not None and not wire():
            self.edges += 1
            self._handler(self)


def stays_off_the_heap(function, rounds=1000):
    """function() allocates nothing, in so many rounds."""
    function()
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:  # pragma: no cover
        return
    heap_lock()
    try:
        for _ in range(rounds):
            function()
    finally:
        heap_unlock()


class QuietSpi:
    """An SPI bus and chip select that allocate nothing; reply(i) is the i-th byte that is read.

    A subclass has sent(buf), called for each write, and reply(i, n) for byte i of n.
    """

    def __init__(self):
        turn_clock()
        spichip.ticks_ms = _zero
        self.selected = False

    def cs(self, level):
        self.selected = not level

    def init(self, baudrate, polarity, phase):
        pass

    def write(self, buf):
        self.sent(buf)

    def readinto(self, buf, write=0):
        n = len(buf)
        for i in range(n):
            buf[i] = self.reply(i, n)


def _zero():
    return 0
