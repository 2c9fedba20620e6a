"""What MicroPython's stm32 port offers, over registers that react as RM0090 and RM0351 say."""


class PinFake:
    """One pin of the chip: registers MODER and ODR, and a level from outside."""

    def __init__(self, chip, name):
        self._chip = chip
        self._name = name
        self._port = chip.numbers.GPIO_PORTS.index(name[0])
        self._number = int(name[1:])
        self.handler = None
        self.edges = 0
        chip.outside[name] = 0

    def __repr__(self):
        return f"Pin(Pin.cpu.{self._name})"

    def name(self):
        return self._name

    def pin(self):
        return self._number

    def port(self):
        return self._port

    def init(self, mode=-1, pull=None, *, value=None, alt=-1):
        if value is not None:
            self(value)
        if mode != -1:
            at = self._base()
            shift = 2 * self._number
            cells = self._chip.memory.cells
            bits = 1 if mode in (PinClass.OUT, PinClass.OPEN_DRAIN) else 0
            bits = 2 if mode == PinClass.ALT else bits
            self._chip.alternates[self._name] = (mode, alt)
            cells[at] = cells.get(at, 0) & ~(3 << shift) | bits << shift

    def _base(self):
        numbers = self._chip.numbers
        return numbers.GPIO + numbers.GPIO_STEP * self._port

    def __call__(self, level=None):
        core = self._chip.core
        core.enter()
        if level is None:
            return core.leave(self._chip.levels(self._base()) >> self._number & 1)
        cells = self._chip.memory.cells
        at = self._base() + 0x14
        bit = 1 << self._number
        cells[at] = cells.get(at, 0) & ~bit | (bit if level else 0)
        core.leave()
        return None

    value = __call__

    def irq(self, handler=None, trigger=3 << 20, hard=False):
        """ports/stm32/extint.c, extint_register_pin(): a line is one pin's, and it returns None."""
        lines = self._chip.lines
        owner = lines.get(self._number)
        if owner is not None and owner is not self:
            raise OSError(f"IRQ resource already taken by Pin('{owner.name()}')")
        self.handler = handler
        self.edges = trigger
        if handler is None:
            lines.pop(self._number, None)
        else:
            assert hard, "soft interrupts are lost when the queue is full"
            lines[self._number] = self

    def drive(self, level):
        """From outside."""
        chip = self._chip
        before = self()
        chip.outside[self._name] = level
        if self.handler is None or self() == before:
            return
        if self.edges >> (20 if level else 21) & 1:
            chip.core.interrupt(self._fire)

    def _fire(self):
        if self.handler is not None and not self._chip.core.hard(self.handler, self):
            self.handler = None  # C: the interrupt handler is disabled


class Names:
    def __init__(self, pins):
        for name in pins:
            setattr(self, name, pins[name])


class PinClass(PinFake):
    IN, OUT, OPEN_DRAIN, ALT, ANALOG = 0, 1, 17, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_RISING, IRQ_FALLING = 0x110000, 0x210000  # GPIO_MODE_IT_...: both have bit 16
    cpu = board = None

    def __new__(cls, name):
        if isinstance(name, PinFake):
            return name
        pin = getattr(cls.board, name, None) or getattr(cls.cpu, name, None)
        if pin is None:
            raise ValueError(f"Pin({name}) doesn't exist")
        return pin

    def __init__(self, name):
        pass


class TimerFake:
    """pyb.Timer as far as an alarm needs it: counts up to its period, one compare channel."""

    OC_TIMING = 0x10
    PWM = 0

    def __init__(self, chip, number):
        assert number == chip.numbers.ALARM_TIMER, "no 32 bits"
        self._chip = chip
        self._period = 0
        self._compare = -1
        self._callback = None
        self.flag = False
        chip.core.sources.append(self)
        chip.memory.on_read[chip.numbers.ALARM_TIMER_BASE + 0x10] = lambda: self.flag << 1

    def source_freq(self):
        return 84_000_000

    def init(self, prescaler, period):
        assert self.source_freq() == (prescaler + 1) * 1_000_000, "not microseconds"
        self._period = period

    def channel(self, number, mode, compare, callback):
        assert number == 1 and mode == self.OC_TIMING
        self._compare = compare
        self._callback = callback
        channel = Names({})
        channel.compare = self._set
        return channel

    def _set(self, compare):
        core = self._chip.core
        core.enter()
        assert 0 <= compare <= self._period
        core.pass_time(core.cost_us)
        self._compare = compare
        core.leave()

    def counter(self):
        core = self._chip.core
        core.enter()
        core.pass_time(core.cost_us)
        return core.leave(core.ticks % (self._period + 1))

    # for the core

    def tick(self):
        if self._chip.core.ticks % (self._period + 1) == self._compare:
            self.flag = True
        if self.flag:
            self._chip.core.interrupt(self._handle)

    def left(self):
        return (self._compare - self._chip.core.ticks) % (self._period + 1) or None

    def _handle(self):
        if self.flag:
            self.flag = False
            if not self._chip.core.hard(self._callback, self):
                self._callback = None  # C: disables the channel's callback


class PwmTimer:
    """pyb.Timer as far as PWM needs it: ports/stm32/timer.c. TIM2 and TIM5 have 32 bits."""

    PWM = 0

    def __init__(self, chip, number):
        self._chip = chip
        self._limit = 0x100000000 if number in (2, 5) else 0x10000
        self._ticks = 0
        self._prescaler = 0
        self.widths = {}  # channel -> ticks
        chip.timers[number] = self

    def init(self, freq):
        self.freq(freq)

    def freq(self, freq):
        # compute_prescaler_period_from_freq()
        prescaler = 1
        ticks = 84_000_000 // freq
        while ticks > self._limit:
            if prescaler % 2 == 0 or ticks % 2 == 0:
                prescaler *= 2
                ticks //= 2
            else:
                prescaler *= 2
                ticks = 84_000_000 // freq // prescaler
        self._ticks = ticks
        self._prescaler = prescaler

    def period(self):
        return self._ticks - 1

    def channel(self, number, mode, pin, pulse_width):
        assert mode == self.PWM
        self.widths[number] = pulse_width
        channel = Names({})
        channel.pulse_width = lambda width: self._set(number, width)
        return channel

    def _set(self, number, width):
        core = self._chip.core
        core.enter()
        assert 0 <= width <= self._ticks
        self.widths[number] = width
        core.leave()

    def deinit(self):
        self.widths = {}
        self._ticks = 0

    def wave(self, channel):
        """(frequency, part of the period that it is high)."""
        width = self.widths[channel]
        return 84_000_000 / self._prescaler / self._ticks, width / self._ticks


class FlashModel:
    """The flash controller of F4 and L4: RM0090 3.6, RM0351 3.3."""

    KEYS = (0x45670123, 0xCDEF89AB)

    def __init__(self, chip, start, size):
        self._numbers = numbers = chip.numbers
        self._chip = chip
        self._start = start
        self._end = start + size
        self.cells = {}  # address of a word -> value
        self._locked = True
        self._keys = []
        self._control = 1 << 31
        self._status = 0
        self._busy = 0
        self._half = None  # L4: the first word of a double word
        #: Pages that are write-protected, and an error that the next operation ends with.
        self.protected = set()
        self.breaks = 0
        self.erased = []
        #: How often something was programmed or erased while the data cache was on.
        self.cached = 0
        self.caches_reset = 0
        memory = chip.memory
        memory.cells[numbers.FLASH_ACR] = 0x705
        memory.on_read[numbers.FLASH_SR] = self._read_status
        memory.on_write[numbers.FLASH_SR] = self._clear_status
        memory.on_read[numbers.FLASH_CR] = lambda: self._control
        memory.on_write[numbers.FLASH_CR] = self._command
        memory.on_write[numbers.FLASH_KEYR] = self._key
        memory.on_write[numbers.FLASH_ACR] = self._cache
        memory.flash = self

    def word(self, address):
        return self.cells.get(address, 0xFFFFFFFF)

    def _read_status(self):
        if self._busy:
            self._busy -= 1
            return self._status | 1 << 16
        return self._status

    def _clear_status(self, value):
        self._status &= ~value

    def _key(self, value):
        self._keys.append(value)
        if self._keys == list(self.KEYS):
            self._control &= ~(1 << 31)
        elif self._keys != list(self.KEYS[: len(self._keys)]):
            raise AssertionError("a wrong key: FLASH_CR stays locked until the next reset")

    def _command(self, value):
        if self._control >> 31:
            assert value >> 31, "FLASH_CR is locked"
            return
        assert not self._busy, "FLASH_CR may not be written while BSY is set"
        self._control = value
        if value >> 31:
            self._keys = []
        elif value >> 16 & 1:
            self._erase(value)
            self._control &= ~(1 << 16)

    def _cache(self, value):
        before = self._chip.memory.cells[self._numbers.FLASH_ACR]
        for enable, reset in ((1 << 10, 1 << 12), (1 << 9, 1 << 11)):
            if value & reset:
                assert not value & enable and not before & enable, "reset of a cache that is on"
                self.caches_reset += 1
        self._chip.memory.cells[self._numbers.FLASH_ACR] = value

    def _data_cache(self):
        if (
            self._numbers.FLASH_CACHES
            and self._chip.memory.cells[self._numbers.FLASH_ACR] >> 10 & 1
        ):
            self.cached += 1

    def _end_with(self, status):
        self._busy = 3
        self._status |= status | self.breaks or 1
        self.breaks = 0

    def store(self, address, value):
        """A word written into the flash."""
        assert self._start <= address < self._end, f"0x{address:x} is not the program's"
        assert not self._control >> 31 and self._control & 1, "FLASH_CR is locked, or PG not set"
        assert not self._busy, "a write while BSY is set"
        self._data_cache()
        if self._numbers.FLASH_PAGE == 4:
            assert self._control >> 8 & 3 == 2, "PSIZE is not x32"
            self._program(address, value)
        elif self._half is None:
            assert address % 8 == 0
            self._half = (address, value)
        else:
            first, low = self._half
            self._half = None
            assert address == first + 4
            if self.word(first) != 0xFFFFFFFF or self.word(address) != 0xFFFFFFFF:
                self._end_with(1 << 3)  # PROGERR
            else:
                self._program(first, low)
                self._busy = 0
                self._program(address, value)

    def _program(self, address, value):
        if address in self.protected:
            self._end_with(1 << 4)
            return
        self.cells[address] = self.word(address) & value
        self._end_with(0)

    def _erase(self, command):
        assert command & 2, "neither SER nor PER"
        self._data_cache()
        start, size = self._place(command)
        self.erased.append((start, size))
        if start in self.protected:
            self._end_with(1 << 4)
            return
        for address in list(self.cells):
            if start <= address < start + size:
                del self.cells[address]
        self._end_with(0)

    def _place(self, command):
        if self._numbers.FAMILY == "f7":
            number = command >> 3 & 0x1F
            sizes = [32] * 4 + [128] + [256] * 7  # KB
            assert number < len(sizes)
            return 0x08000000 + sum(sizes[:number]) * 1024, sizes[number] * 1024
        if self._numbers.FAMILY == "f4":
            number = command >> 3 & 0x1F
            bank, number = number >> 4, number & 0xF
            assert number < 12
            sizes = [16] * 4 + [64] + [128] * 7  # KB
            return (
                0x08000000 + bank * 0x100000 + sum(sizes[:number]) * 1024,
                sizes[number] * 1024,
            )
        number = command >> 3 & 0xFF
        bank = command >> 11 & 1
        return 0x08000000 + bank * self._chip.flash_kb * 512 + number * 2048, 2048


class RtcModel:
    """The calendar of F4 and L4: RM0090 26.3.6 and 26.6. Its shadow registers are what is read."""

    def __init__(self, chip, seconds=0):
        self._chip = chip
        self.us = seconds * 1_000_000
        self.predivider = 255
        self._shadow = self.us
        self._locked = False  # TR and DR wait for DR to be read
        self._synchronised = True
        self._waits = 0
        self._keys = []
        #: Whether it has a clock.
        self.runs = True
        base = chip.numbers.RTC
        memory = chip.memory
        memory.on_read[base + 0x28] = self._read_subseconds
        memory.on_read[base] = self._read_time
        memory.on_read[base + 4] = self._read_date
        memory.on_read[base + 0x0C] = self._read_status
        memory.on_write[base + 0x0C] = self._write_status
        memory.on_write[base + 0x24] = self._keys.append
        memory.cells[base + 0x10] = 127 << 16 | 255

    def _look(self):
        assert self._synchronised or not self.runs, (
            "shadow registers of before the stop: clear RSF and wait"
        )
        if not self._locked:
            self._shadow = self.us
            self._locked = True

    def _read_subseconds(self):
        self._look()
        return self.predivider - self._shadow % 1_000_000 * (self.predivider + 1) // 1_000_000

    def _read_time(self):
        self._look()
        seconds = self._shadow // 1_000_000
        return bcd(seconds // 3600 % 24) << 16 | bcd(seconds // 60 % 60) << 8 | bcd(seconds % 60)

    def _read_date(self):
        self._look()
        self._locked = False
        days = self._shadow // 86_400_000_000
        year = 0
        while days >= (366 if year % 4 == 0 else 365):
            days -= 366 if year % 4 == 0 else 365
            year += 1
        month = 1
        lengths = (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        while days >= lengths[month - 1]:
            days -= lengths[month - 1]
            month += 1
        return bcd(year) << 16 | 1 << 13 | bcd(month) << 8 | bcd(days + 1)

    def _read_status(self):
        if self._waits and self.runs:
            self._waits -= 1
            self._synchronised = self._waits == 0
        return 0x7 | self._synchronised << 5

    def _write_status(self, value):
        if not value >> 5 & 1:
            assert self._keys[-2:] == [0xCA, 0x53], "RTC_ISR is write-protected"
            self._synchronised = False
            self._locked = False
            self._waits = 4

    def stop(self, us):
        """What STOP mode does."""
        if self.runs:
            self.us += us
        self._synchronised = False


def bcd(value):
    return value // 10 << 4 | value % 10


class UartModel:
    """machine.UART: ports/stm32/machine_uart.c. It sends from one register, and keeps what comes."""

    IRQ_RX = 1 << 5
    IRQ_RXIDLE = 1 << 4
    RTS, CTS = 256, 512
    chip = None

    def __init__(
        self, number, baudrate, *, bits, parity, stop, flow, timeout, timeout_char, rxbuf
    ):
        assert timeout == 0 and timeout_char == 0
        if bits + (parity is not None) not in (8, 9):
            raise ValueError("unsupported combination of bits and parity")
        self.settings = (number, baudrate, bits, parity, stop, flow, rxbuf)
        self.core = core = self.chip.core
        self._byte_us = 10_000_000 // baudrate
        self._free_at = core.now
        self.sent = bytearray()
        self.came = []
        self.handler = None
        self.events = 0
        self.on = True
        self.chip.uarts[number] = self
        # What SR or ISR shows; on F4 it goes with the byte that is read.
        self.errors = self.seen = 0
        numbers, memory = self.chip.numbers, self.chip.memory
        self.base = numbers.UARTS[number]
        memory.on_read[self.base + 0x1C] = lambda: self.errors | 0xC0
        memory.on_write[self.base + 0x20] = self._clear

    def any(self):
        self.core.enter()
        n = len(self.came)
        self.core.leave()
        return n

    def readinto(self, buf, nbytes=None):
        self.core.enter()
        n = min(len(buf) if nbytes is None else nbytes, len(self.came))
        for i in range(n):
            buf[i] = self.came.pop(0)
        self.core.leave()
        return n or None

    def read(self, nbytes=None):
        n = len(self.came) if nbytes is None else min(nbytes, len(self.came))
        data = bytes(self.came[:n])
        del self.came[:n]
        return data or None

    def write(self, buf):
        core = self.core
        core.enter()
        n = 0
        if core.now >= self._free_at:
            for byte in buf:  # and waits for all but the first
                if n:
                    core.pass_time(self._free_at - core.now)
                self.sent.append(byte)
                self._free_at = core.now + self._byte_us
                n += 1
        core.leave()
        return n or None

    def txdone(self):
        self.core.enter()
        self.core.pass_time(1)
        done = self.core.now >= self._free_at
        self.core.leave()
        return done

    def irq(self, handler, trigger=0, hard=False):
        self.handler = handler
        self.trigger(trigger)
        return self

    def trigger(self, events):
        assert not events & ~(self.IRQ_RX | self.IRQ_RXIDLE), "trigger unsupported"
        self.events = events

    def flags(self):
        return self.seen

    def _clear(self, value):
        assert self.chip.numbers.UART_ICR
        self.errors &= ~value

    def deinit(self):
        assert self.handler is None
        self.on = False

    def receive(self, data, errors=0):
        """From outside: uart_irq_handler() of ports/stm32/uart.c. errors: PE, FE, NE, ORE."""
        for byte in data:
            self.errors |= errors
            errors = 0
            self.came.append(byte)
            self.seen = self.errors | self.IRQ_RX
            if self.chip.numbers.UART_ICR:
                self.errors &= ~8
            else:
                self.errors = 0
            if self.events & self.IRQ_RX:
                self.core.interrupt(self._fire)

    def _fire(self):
        assert self.core.hard(self.handler, self), self.core.uncaught


class CanModel:
    """A bxCAN controller: RM0090 32.7 and 32.9. Mailboxes wait until the test lets them go."""

    def __init__(self, chip, base):
        self._chip = chip
        self._base = base
        self.mailboxes = [None] * 3  # (id, extended, remote, bytes)
        self._done = [0] * 3  # RQCP, TXOK
        self.fifo = []
        self.wire = []
        memory = chip.memory
        memory.on_read[base + 8] = self._status
        memory.on_write[base + 8] = self._write_status
        memory.cells[base + 0x200] = 14 << 8 | 1

    def _status(self):
        status = 0
        for n in range(3):
            status |= self._done[n] << 8 * n
            if self.mailboxes[n] is None:
                status |= 1 << 26 + n
            else:
                status |= 1 << 29 + n  # LOW, which makes it a long number
        return status

    def _write_status(self, value):
        for n in range(3):
            bits = value >> 8 * n
            if bits & 1:
                self._done[n] = 0
            if bits & 0x80 and self.mailboxes[n] is not None:
                self.mailboxes[n] = None
                self._done[n] = 1

    def load(self, frame):
        for n in range(3):
            if self.mailboxes[n] is None:
                self.mailboxes[n] = frame
                self._done[n] = 0  # TXRQ clears RQCP
                return True
        return False

    def acknowledge(self, n):
        """The frame of a mailbox is sent."""
        self.wire.append(self.mailboxes[n])
        self.mailboxes[n] = None
        self._done[n] = 3

    def passes(self, id, extended, first=0):
        cells = self._chip.memory.cells
        base = 0x40006400
        assert not cells[base + 0x200] & 1, "the filters are being set up"
        for bank in range(first, first + 14):
            if cells.get(base + 0x21C, 0) >> bank & 1:
                assert cells[base + 0x20C] >> bank & 1
                assert not cells.get(base + 0x204, 0) >> bank & 1
                assert not cells.get(base + 0x214, 0) >> bank & 1
                word = id << 3 | 4 if extended else id << 21
                want, mask = cells[base + 0x240 + 8 * bank], cells[base + 0x244 + 8 * bank]
                if not (word ^ want) & mask & 0xFFFFFFFF:
                    return True
        return False


def can_class(chip):
    """pyb.CAN: ports/stm32/pyb_can.c."""

    class CAN:
        NORMAL, LOOPBACK, SILENT, SILENT_LOOPBACK = 0, 4, 8, 12

        def __init__(self, number, mode, *, baudrate, auto_restart):
            assert not auto_restart
            self.model = chip.can[number]
            self.number = number
            self.settings = (mode, baudrate)
            self.callback = None
            self.errors = [0] * 8
            self.now = 1
            self.restarts = 0
            self.full = None
            chip.can_open[number] = self
            # The port sets up no filter: nothing is received.
            chip.memory.cells[0x4000661C] = 0
            chip.memory.cells[0x40006600] = 14 << 8

        def deinit(self):
            del chip.can_open[self.number]

        def send(self, data, id, *, timeout, rtr, extframe):
            assert timeout == 0
            if not self.model.load((id, extframe, rtr, bytes(data))):
                raise OSError(110)

        def any(self, fifo):
            chip.core.enter()
            there = bool(self.model.fifo)
            chip.core.leave()
            return there

        def recv(self, fifo, fields):
            core = chip.core
            core.enter()
            id, extended, remote, data = self.model.fifo.pop(0)
            fields[0], fields[1], fields[2] = id, extended, remote
            # C makes the view longer or shorter; here it is another one of the same bytes.
            if self.full is None:
                self.full = fields[4]
            self.full[: len(data)] = data
            fields[4] = self.full[: len(data)]
            core.leave()

        def rxcallback(self, fifo, function):
            assert fifo == 0
            self.callback = function

        def state(self):
            return self.now

        def info(self, counters):
            counters[:] = self.errors

        def restart(self):
            self.restarts += 1

        # from outside

        def receive(self, id, data, extended=False, remote=False, reason=0):
            if not self.model.passes(id, extended, 14 if self.number == 2 else 0):
                return False
            if len(self.model.fifo) < 3:
                self.model.fifo.append((id, extended, remote, data))
            else:
                reason = 2
            self._interrupt(reason)
            return True

        def error(self, state, reason):
            self.now = state
            self._interrupt(reason)

        def _interrupt(self, reason):
            def call(_):
                self.callback(self, reason)

            def handle():
                assert chip.core.hard(call, None), chip.core.uncaught

            chip.core.interrupt(handle)

    return CAN


class Stm32:
    """A chip, and the modules of its port: `chip = Stm32("f4"); port = chip.open()`."""

    FLASH = (0x080C0000, 0x40000)

    def __init__(self, family, flash_kb=2048):
        self.numbers = getattr(__import__("stm32chips." + family), family)
        self.core = Core()  # noqa: F821
        self.memory = memory = Memory()  # noqa: F821
        self.flash_kb = flash_kb
        self.outside = {}
        self.lines = {}
        self.reset_cause = 1
        self.watchdogs = []
        self.fed = 0
        self.i2c = []
        self.spi = []
        self.rtc = RtcModel(self)
        self.can = {n: CanModel(self, self.numbers.CAN[n]) for n in self.numbers.CAN}
        self.can_open = {}
        self.uarts = {}
        self.alternates = {}  # name of a pin -> (mode, function) as init() was told
        self.has_can = True
        self.timers = {}
        self.targets = []
        #: A class, from MicroPython 1.28 on.
        self.machine_pwm = None
        self.has_target = True
        self.has_dac = True
        self.analog = {}  # name of a pin -> what its converter gives
        self.outputs = {}
        #: How long the next STOP lasts, None: as long as asked for.
        self.wakes_after_us = None
        #: How long it takes to go to sleep and to wake up, while SysTick counts.
        self.awake_us = 0
        #: (year, month, ...) as pyb.RTC has it.
        self.calendar = (2020, 1, 1, 3, 0, 0, 0, 255)
        self.idle = 0
        for letter in "ABC":
            base = self.numbers.GPIO + self.numbers.GPIO_STEP * "ABC".index(letter)
            memory.on_read[base + 0x10] = lambda base=base: self.levels(base)
        cpu = {}
        for name in [f"{p}{n}" for p in "AB" for n in range(16)] + ["C13"]:
            cpu[name] = pin = object.__new__(PinClass)
            PinFake.__init__(pin, self, name)
        PinClass.cpu = Names(cpu)
        # As on a Nucleo: A0 of the board is not A0 of the chip, and the chip's are named, too.
        PinClass.board = Names(
            {
                "LED1": cpu["B0"],
                "SW": cpu["C13"],
                "A0": cpu["A3"],
                "D13": cpu["A5"],
                "PA3": cpu["A3"],
            }
        )
        self.flash = None

    def levels(self, base):
        """IDR: outputs have the level of ODR, inputs that from outside."""
        cells = self.memory.cells
        moder = cells.get(base, 0)
        odr = cells.get(base + 0x14, 0)
        letter = self.numbers.GPIO_PORTS[(base - self.numbers.GPIO) // self.numbers.GPIO_STEP]
        levels = 0
        for n in range(16):
            if moder >> 2 * n & 3 == 1:
                levels |= odr & 1 << n
            elif self.outside.get(f"{letter}{n}"):
                levels |= 1 << n
        return levels

    def add_flash(self, start, size):
        self.flash = flash = FlashModel(self, start, size)
        memory = self.memory
        word, store = memory.word, memory.store
        memory.word = lambda at: flash.word(at) if 0x08000000 <= at < 0x08200000 else word(at)
        memory.store = lambda at, v: (
            flash.store(at, v) if 0x08000000 <= at < 0x08200000 else store(at, v)
        )
        at = self.numbers.FLASH_SIZE
        memory.cells[at & ~3] = self.flash_kb << 8 * (at & 3)
        return flash

    def open(self, flash=FLASH):
        """The driver port, afresh."""
        chip = self

        class WDT:
            def __init__(self, id=0, timeout=5000):
                # ports/stm32/machine_wdt.c
                halvings = 0
                while halvings < 6 and timeout >= 512:
                    halvings += 1
                    timeout //= 2
                ticks = timeout * 8
                assert 0 < ticks <= 0xFFF, "WDT timeout too long"
                chip.watchdogs.append(ticks * (4 << halvings))  # of the LSI

            def feed(self):
                chip.fed += 1

        class I2C:
            def __init__(self, number, *, freq, timeout):
                chip.i2c.append((number, freq, timeout))
                for name in ("scan", "readfrom", "readfrom_into", "writeto", "writevto"):
                    setattr(self, name, (name, freq))
                for name in ("readfrom_mem", "readfrom_mem_into", "writeto_mem"):
                    setattr(self, name, (name, freq))
                for name in ("start", "stop", "readinto", "write"):
                    setattr(self, name, self._unsupported)

            def _unsupported(self, *args):
                raise OSError("I2C operation not supported")

        class SPI:
            MSB = 0

            def __init__(self, number, **settings):
                chip.spi.append((number, settings))

        class RTC:
            def datetime(self, when=None):
                # ports/stm32/rtc.c: years of this century, weekdays from 1 on
                if when is None:
                    return chip.calendar
                assert 2000 <= when[0] < 2100 and 1 <= when[3] <= 7 and len(when) == 8, when
                chip.calendar = tuple(when)
                return None

        def lightsleep(ms=None):
            """STOP: SysTick stands still; the calendar goes on."""
            chip.core.enter()
            us = chip.wakes_after_us
            if us is None:
                us = ms * 1000
            chip.core.pass_time(chip.awake_us)
            chip.rtc.us += chip.awake_us
            chip.rtc.stop(us)
            chip.core.leave()

        def idle():
            chip.idle += 1

        machine = Module(  # noqa: F821
            RTC=RTC,
            lightsleep=lightsleep,
            idle=idle,
            freq=lambda: (168_000_000, 168_000_000, 42_000_000, 84_000_000),
            Pin=PinClass,
            I2C=I2C,
            SPI=SPI,
            WDT=WDT,
            mem8=View(self.core, self.memory, 8),  # noqa: F821
            mem16=View(self.core, self.memory, 16),  # noqa: F821
            mem32=View(self.core, self.memory, 32),  # noqa: F821
            disable_irq=self.core.disable_irq,
            enable_irq=self.core.enable_irq,
            reset_cause=lambda: chip.reset_cause,
            unique_id=lambda: b"stm32chip-id",
            PWRON_RESET=1,
            HARD_RESET=2,
            WDT_RESET=3,
            DEEPSLEEP_RESET=4,
            SOFT_RESET=0,
        )

        def timer(number):
            kind = TimerFake if number == chip.numbers.ALARM_TIMER else PwmTimer
            return kind(chip, number)

        class Timer:
            OC_TIMING = TimerFake.OC_TIMING
            PWM = PwmTimer.PWM

            def __new__(cls, number):
                return timer(number)

        class ADC:
            def __init__(self, pin):
                if pin.name() not in chip.analog:
                    raise ValueError(f"Pin({pin.name()}) doesn't have ADC capabilities")
                self._name = pin.name()

            def read_u16(self):
                return chip.analog[self._name]

        class DAC:
            def __init__(self, pin, bits=8):
                if pin.name() not in ("A4", "A5"):
                    raise ValueError(f"Pin({pin.name()}) doesn't have DAC capabilities")
                assert bits == 12
                self._name = pin.name()

            def write(self, value):
                chip.outputs[self._name] = value & 0xFFF

            def deinit(self):
                del chip.outputs[self._name]

        class I2CTarget:
            def __init__(self, number, addr, *, addrsize=7, mem=None, mem_addrsize=8):
                chip.targets.append((number, addr, mem, mem_addrsize))

        UartModel.chip = chip
        machine.UART = UartModel
        machine.ADC = ADC
        if self.machine_pwm:
            machine.PWM = self.machine_pwm
        if self.has_target:
            machine.I2CTarget = I2CTarget
        self.pyb = Module(Timer=Timer)  # noqa: F821
        if self.has_can:
            self.pyb.CAN = can_class(chip)
        if self.has_dac:
            self.pyb.DAC = DAC
        board = Module(  # noqa: F821
            NAME="nucleo",
            chip=self.numbers,
            FLASH=flash,
            VDD_UV=3_300_000,
            PWM={"PA0": (2, 1), "PA1": (2, 2), "PB6": (4, 1), "PB7": (4, 2), "PA2": (5, 3)},
            TARGET_CS={1: ("PA4", 5)},
            QSPI_AF=(9, 10, 9, 9, 9, 9),
            BUSES={
                "I2C": (1, {1: ("PB8", "PB9"), 2: ("PB10", "PB11")}),
                "SPI": (1, {1: ("PA5", "PA7", "PA6")}),
                "UART": (3, {3: ("PB10", "PB11"), 2: ("PA2", "PA3")}),
                "QSPI": (1, {1: ("PB2", "PB6", "PB1", "PB0", "PA7", "PA6")}),
                "CAN": (1, {1: ("PB9", "PB8"), 2: ("PB13", "PB12")}),
            },
        )
        return install(self.core, board=board, machine=machine, pyb=self.pyb)  # noqa: F821
