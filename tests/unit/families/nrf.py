"""What MicroPython's nrf port offers, over registers that react as the nRF52840 PS says."""

P0 = 0x50000000
P1 = 0x50000300
GPIOTE_CONFIG = 0x40006510
TIMER3 = 0x4001A000
WRAP = 1 << 30


class PinClass:
    """machine.Pin, of 1.26: ports/nrf/modules/machine/pin.c."""

    IN, OUT = 0, 1
    PULL_UP, PULL_DOWN = 3, 1
    IRQ_RISING, IRQ_FALLING = 1, 2
    board = None
    chip = None

    def __new__(cls, number):
        if isinstance(number, PinClass):
            return number
        return cls.chip.pins[number]

    def __init__(self, number):
        pass

    def pin(self):
        return self.number

    def name(self):
        return f"P{self.number}"

    def init(self, mode, pull=None, *, value=None):
        if value is not None:
            self(value)
        if mode not in (self.IN, self.OUT):
            raise ValueError(f"invalid pin mode: {mode}")
        # An output has its input disconnected.
        cell = mode | (mode << 1) | (pull or 0) << 2
        self.chip.memory.cells[self.base + 0x700 + 4 * self.bit] = cell

    def __call__(self, level=None):
        chip = self.chip
        chip.core.enter()
        cells = chip.memory.cells
        if level is None:
            if cells.get(self.base + 0x700 + 4 * self.bit, 2) & 1:
                level = cells.get(self.base + 0x504, 0)
            else:
                level = chip.levels(self.base)
            return chip.core.leave(level >> self.bit & 1)
        chip.set_out(self.base, 1 << self.bit, level)
        chip.core.leave()
        return None

    value = __call__

    def irq(self, handler, trigger=3, wake=False):
        """Always hard, and silent when no channel is left."""
        chip = self.chip
        channels = chip.channels
        if self in channels:
            chip.set_channel(channels.index(self), None)
        if handler is not None and None in channels:
            chip.set_channel(channels.index(None), self)
        self.handler = handler
        self.edges = trigger

    def drive(self, level):
        """From outside."""
        chip = self.chip
        before = chip.outside.get(self.number, 0)
        chip.outside[self.number] = level
        if before != level and self in chip.channels and self.edges >> (0 if level else 1) & 1:
            chip.core.interrupt(self._fire)

    def _fire(self):
        if self.handler is not None and not self.chip.core.hard(self.handler, self):
            self.irq(None)


class Micropython:
    """The module of that name: what is scheduled waits for Nrf.settle()."""

    DEPTH = 4

    def __init__(self, core):
        self.core = core
        self.locks = 0
        self.scheduled = []
        self.const = lambda value: value
        # Bound, since bound methods of a module that is none cannot be imported.
        self.heap_lock = self._heap_lock
        self.heap_unlock = self._heap_unlock
        self.schedule = self._schedule

    def __getattr__(self, name):
        if name in ("viper", "native", "asm_thumb"):
            raise ImportError(f"no {name} here")
        raise AttributeError(name)

    def _heap_lock(self):
        self.locks += 1

    def _heap_unlock(self):
        assert self.locks
        self.locks -= 1

    def _schedule(self, function, argument):
        self.core.enter()
        assert not self.core.in_isr or self.locks, "the heap is not locked in the handler"
        full = len(self.scheduled) == self.DEPTH
        if not full:
            self.scheduled.append((function, argument))
        self.core.leave()
        if full:
            raise RuntimeError("schedule queue full")


class Timer3:
    """TIMER3 under machine.Timer: ports/nrf/modules/machine/timer.c and nrfx."""

    def __init__(self, chip):
        self._chip = chip
        self.top = 0
        self.bits = 0
        self.runs = False
        self.callback = None
        self.cc = [0] * 6
        self.event = False
        self.enabled = False
        memory = chip.memory
        memory.on_write[TIMER3 + 0x044] = self._capture
        memory.on_read[TIMER3 + 0x544] = lambda: self.cc[1]
        memory.on_write[TIMER3 + 0x548] = lambda value: self._set(2, value)
        memory.on_read[TIMER3 + 0x148] = lambda: int(self.event)
        memory.on_write[TIMER3 + 0x304] = self._enable
        memory.on_write[TIMER3 + 0x308] = self._disable
        memory.on_write[TIMER3 + 0x508] = self._width
        chip.core.sources.append(self)

    def start(self):
        self.runs = True

    def _width(self, value):
        assert not self.runs, "BITMODE while the timer runs"
        self.bits = (16, 8, 24, 32)[value]

    def _count(self):
        assert self.runs and self.bits == 32, "24 bits are 16.7 s"
        return self._chip.core.ticks % self.top

    def _capture(self, value):
        core = self._chip.core
        core.pass_time(core.cost_us)
        self.cc[1] = self._count()

    def _set(self, n, value):
        core = self._chip.core
        core.pass_time(core.cost_us)
        self.cc[n] = value

    def _enable(self, value):
        assert value == 1 << 18
        self.enabled = True
        self._look()

    def _disable(self, value):
        assert value == 1 << 18
        self.enabled = False

    def tick(self):
        if self.runs and self._count() == self.cc[2]:
            self.event = True
        self._look()

    def left(self):
        return (self.cc[2] - self._chip.core.ticks) % self.top or None

    def _look(self):
        if self.event and self.enabled:
            self._chip.core.interrupt(self._handle)

    def _handle(self):
        if not (self.event and self.enabled):
            return
        self.event = False
        chip = self._chip
        # The port locks nothing and catches nothing: what comes out of here is lost.
        assert chip.core.hard(self.callback, self), chip.core.uncaught
        assert not chip.micropython.locks, "the heap stays locked"


class Nrf:
    """A chip, and the modules of its port: `chip = Nrf(); port = chip.open()`."""

    FLASH = (0x000E0000, 0x10000)

    def __init__(self, name="nrf52840"):
        self.numbers = getattr(__import__("nrfchips." + name), name)
        self.core = Core()  # noqa: F821
        self.memory = memory = Memory()  # noqa: F821
        self.micropython = Micropython(self.core)
        self.outside = {}
        self.channels = [None] * 8
        self.pins = []
        PinClass.chip = self
        for port, count in enumerate(self.numbers.PINS):
            base = (P0, P1)[port]
            memory.on_write[base + 0x508] = lambda v, base=base: self.set_out(base, v, 1)
            memory.on_write[base + 0x50C] = lambda v, base=base: self.set_out(base, v, 0)
            memory.on_read[base + 0x510] = lambda base=base: self.levels(base)
            for bit in range(count):
                memory.cells[base + 0x700 + 4 * bit] = 2
                pin = object.__new__(PinClass)
                pin.number, pin.base, pin.bit = 32 * port + bit, base, bit
                pin.handler = None
                pin.edges = 0
                self.pins.append(pin)
        PinClass.board = Module(  # noqa: F821
            LED1=self.pins[13], BUTTON1=self.pins[11], D2=self.pins[26], P13=self.pins[13]
        )
        self.timer = Timer3(self)
        self.reset_cause = 0
        self.slept = 0
        self.eighths = 0  # RTC2
        self.rtc_made = 0
        self.i2c = []
        self.spi = []
        self.sent = []
        self._ram = []
        self._ram_end = 0x20001000
        self.flash = None
        memory.word = self._word(memory.word)
        memory.store = self._store(memory.store)

    # ---- GPIO

    def set_out(self, base, mask, level):
        cells = self.memory.cells
        out = cells.get(base + 0x504, 0)
        cells[base + 0x504] = out | mask if level else out & ~mask

    def levels(self, base):
        """IN: of pins whose input is connected."""
        cells = self.memory.cells
        out = cells.get(base + 0x504, 0)
        levels = 0
        for bit in range(32):
            cnf = cells.get(base + 0x700 + 4 * bit, 2)
            if cnf & 2:
                continue
            wire = self.outside.get(bit + (32 if base == P1 else 0), 0)
            if cnf & 1:  # driven, high not if DRIVE is S0D1
                level = out >> bit & 1
                if level and cnf >> 8 & 7 == 6:
                    level = wire
            else:
                level = wire
            levels |= level << bit
        return levels

    def set_channel(self, n, pin):
        self.channels[n] = pin
        at = GPIOTE_CONFIG + 4 * n
        self.memory.cells[at] = 0 if pin is None else 1 | pin.number << 8 | 3 << 16

    # ---- memory

    def addressof(self, buf):
        """Bytes are constants of frozen modules, in flash; the rest is in RAM."""
        if isinstance(buf, bytes):
            return 0x00040000
        for at, known in self._ram:
            if known is buf:
                return at
        at = self._ram_end
        self._ram_end += (len(buf) + 67) & ~3
        self._ram.append((at, buf))
        return at

    def ram(self, address, n):
        """(buffer, index) of n bytes that a unit reads or writes by itself."""
        assert address >= 0x20000000, f"EasyDMA at 0x{address:x}, which is no RAM"
        for at, buf in self._ram:
            if at <= address and address + n <= at + len(buf):
                return buf, address - at
        raise AssertionError(f"0x{address:x} is nobody's memory")

    def _word(self, other):
        def word(address):
            if 0x20000000 <= address < 0x20040000:
                for at, buf in self._ram:
                    if at <= address < at + len(buf):
                        i = address - at
                        return int.from_bytes(bytes(buf[i : i + 4]), "little")
                raise AssertionError(f"0x{address:x} is nobody's memory")
            if address < 0x100000 and self.flash:
                return self.flash.word(address)
            return other(address)

        return word

    def _store(self, other):
        def store(address, value):
            if 0x20000000 <= address < 0x20040000:
                for at, buf in self._ram:
                    if at <= address < at + len(buf):
                        i = address - at
                        buf[i : i + 4] = value.to_bytes(4, "little")
                        return
                raise AssertionError(f"0x{address:x} is nobody's memory")
            if address < 0x100000 and self.flash:
                self.flash.store(address, value)
                return
            other(address, value)

        return store

    # ---- scheduled calls

    def settle(self):
        """What the interpreter does at a branch."""
        scheduled = self.micropython.scheduled
        while scheduled:
            function, argument = scheduled.pop(0)
            function(argument)

    def pass_time(self, us):
        """Let time pass for an interpreter that is not busy."""
        for _ in range(us):
            self.core.pass_time(1)
            self.settle()

    # ---- the port

    def open(self, flash=FLASH):
        """The driver port, afresh."""
        chip = self

        class Timer:
            ONESHOT, PERIODIC = 0, 1

            def __new__(cls, number, *, period, mode, callback):
                assert number == 3 and mode == cls.PERIODIC
                # C: mp_obj_is_fun(), which a bound method is not.
                if type(callback) is not type(lambda: None):
                    raise ValueError("callback must be a function")
                chip.timer.top = period
                chip.timer.bits = 24
                chip.timer.callback = callback
                return chip.timer

        class RTCounter:
            ONESHOT, PERIODIC = 0, 1

            def __init__(self, number, *, period, mode, callback=None):
                if number == 1:
                    raise ValueError("RTC1 reserved by time module")
                assert number == 2 and callback is None
                chip.rtc_made += 1
                chip.eighths = 0

            def start(self):
                chip.memory.on_read[0x40024504] = lambda: chip.eighths % (1 << 24)

        class I2C:
            def __init__(self, number, scl, sda, *, freq):
                chip.i2c.append((number, scl.number, sda.number, freq))
                for name in ("scan", "readfrom", "readfrom_into", "readfrom_mem"):
                    setattr(self, name, (name, freq))
                for name in ("readfrom_mem_into", "writeto_mem"):
                    setattr(self, name, (name, freq))
                for name in ("start", "stop", "readinto", "write"):
                    setattr(self, name, self._unsupported)

            def _unsupported(self, *args):
                raise OSError("I2C operation not supported")

            def writeto(self, addr, buf, stop=True):
                chip.sent.append(bytes(buf))
                return len(buf)

            def writevto(self, addr, vector, stop=True):
                for buf in vector:
                    chip.sent.append(bytes(buf))
                return sum([len(buf) for buf in vector])

        class SPI:
            def __init__(self, number, **settings):
                chip.spi.append((number, settings))

            def init(self, **settings):
                chip.spi.append(("init", settings))

            def deinit(self):
                chip.spi.append("deinit")

            def read(self, nbytes, write=0):
                return bytes(nbytes)

            def readinto(self, buf, write=0):
                assert not chip.numbers.DMA or len(buf) <= chip.numbers.EASYDMA_MAX
                chip.spi.append(("readinto", len(buf)))

            def write(self, buf):
                chip.take_out(buf)

            def write_readinto(self, out, into):
                if len(out) != len(into):
                    raise ValueError("buffers must be the same length")
                chip.take_out(out)
                into[:] = out

        class ADC:
            def __init__(self, channel):
                self._channel = channel

            def read_u16(self):
                return chip.adc[self._channel] << 8 | chip.adc[self._channel]

        class UART:
            def __init__(self, number, baudrate=9600, *, timeout=1, timeout_char=1):
                raise AssertionError("the port's UART would take the unit")

        if self.numbers.EASYDMA_MAX > 255:  # ports/nrf/mpconfigport.h: on nRF52840 only
            UART.IRQ_TXIDLE, UART.IRQ_RX = 1, 2

        def lightsleep():
            chip.slept += 1

        machine = Module(  # noqa: F821
            Pin=PinClass,
            Timer=Timer,
            RTCounter=RTCounter,
            I2C=I2C,
            SPI=SPI,
            ADC=ADC,
            UART=UART,
            lightsleep=lightsleep,
            mem8=View(self.core, self.memory, 8),  # noqa: F821
            mem16=View(self.core, self.memory, 16),  # noqa: F821
            mem32=View(self.core, self.memory, 32),  # noqa: F821
            disable_irq=self.core.disable_irq,
            enable_irq=self.core.enable_irq,
            reset_cause=lambda: chip.reset_cause,
            unique_id=lambda: b"",
        )
        two = len(self.numbers.PINS) > 1
        board = Module(  # noqa: F821
            NAME="dongle",
            chip=self.numbers,
            FLASH=flash,
            VDD_UV=3_300_000,
            BUSES={
                "I2C": (0, {0: ("P27", "P26"), 1: ("P30", "P31")}),
                "SPI": (
                    2,
                    {0: ("P3", "P4", "P5"), 2: ("P6", "P7", "P8"), 3: ("P9", "P10", "P12")},
                ),
                "UART": (0, {0: ("P14", "P15"), 1: ("P1.01", "P1.02") if two else ("P1", "P2")}),
                "QSPI": (0, {0: ("P19", "P17", "P20", "P21", "P22", "P23")}),
            },
            FLOW={0: ("P16", "P17")},
            TARGET_CS={2: "P11"},
        )
        uctypes = Module(addressof=lambda buf: chip.addressof(buf))  # noqa: F821
        return install(  # noqa: F821
            self.core,
            board=board,
            machine=machine,
            micropython=self.micropython,
            uctypes=uctypes,
        )

    adc = [0] * 8

    def take_out(self, buf):
        """A unit fetches what it sends."""
        if self.numbers.DMA and len(buf):
            assert self.addressof(buf) >= 0x20000000, "EasyDMA from flash"
            assert len(buf) <= self.numbers.EASYDMA_MAX
        self.sent.append(bytes(buf))


class NvmcModel:
    """The flash controller: nRF52840 PS 4.3. It has no error flags."""

    def __init__(self, chip, start, size):
        self._start, self._end = start, start + size
        self.cells = {}
        self._mode = 0
        self._busy = 0
        #: Pages that ACL protects.
        self.protected = set()
        self.erased = []
        memory = chip.memory
        memory.on_read[0x4001E400] = self._ready
        memory.on_write[0x4001E504] = self._config
        memory.on_write[0x4001E508] = self._erase
        chip.flash = self

    def word(self, address):
        assert not self._busy, "a read while the flash is busy"
        return self.cells.get(address, 0xFFFFFFFF)

    def _ready(self):
        if self._busy:
            self._busy -= 1
            return 0
        return 1

    def _config(self, value):
        assert not self._busy
        self._mode = value

    def _erase(self, address):
        assert self._mode == 2 and not self._busy and address % 4096 == 0
        assert self._start <= address < self._end
        self.erased.append(address)
        self._busy = 5
        if address in self.protected:
            return
        for at in list(self.cells):
            if address <= at < address + 4096:
                del self.cells[at]

    def store(self, address, value):
        assert self._mode == 1, "CONFIG is not Wen"
        assert not self._busy
        assert self._start <= address < self._end
        self._busy = 2
        if address & ~4095 not in self.protected:
            self.cells[address] = self.cells.get(address, 0xFFFFFFFF) & value
