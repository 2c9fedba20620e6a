"""A chip that is not there: registers that react, and the classes of its MicroPython port."""

import micropython


class Core:
    """Time in microseconds, and interrupts, which wait while they are masked or one runs."""

    def __init__(self):
        self.now = 0
        #: What counters begin with.
        self.start = 0
        #: What each look at a counter costs.
        self.cost_us = 0
        self.masked = False
        self.in_isr = False
        self._locked = False
        self._pending = []
        self.sources = []
        #: Exceptions that reached the port's C code.
        self.uncaught = []

    @property
    def ticks(self):
        return self.start + self.now

    def disable_irq(self):
        before = not self.masked
        self.masked = True
        return before

    def enable_irq(self, state=True):
        self.masked = not state
        self._run()

    def interrupt(self, handler):
        if handler not in self._pending:
            self._pending.append(handler)
        self._run()

    def _run(self):
        while self._pending and not self.masked and not self.in_isr:
            handler = self._pending.pop(0)
            self.in_isr = True
            try:
                handler()
            finally:
                self.in_isr = False

    def hard(self, function, argument):
        """Call it as the ports do for their hard handlers. Returns whether it went well."""
        error = None
        self._locked = True
        micropython.heap_lock()
        try:
            function(argument)
        except BaseException as raised:
            error = raised
        micropython.heap_unlock()
        self._locked = False
        if error is not None:
            self.uncaught.append(error)
        return error is None

    def enter(self):
        """The model of something that the port has in C begins, which takes no heap in reality."""
        if self._locked:
            micropython.heap_unlock()

    def leave(self, value=0):
        """It ends. Returns the value, which takes heap if it is no small int."""
        if self._locked:
            if not -(1 << 30) <= value < 1 << 30:
                raise MemoryError("an interrupt handler gets a number that takes heap")
            # A long int that is small again stays one, which C code takes for something else.
            value = int(str(value))
            micropython.heap_lock()
        return value

    def pass_time(self, us):
        for _ in range(us):
            self.now += 1
            for source in self.sources:
                source.tick()
            self._run()

    def skip(self, us):
        """Let time pass in which nothing is due."""
        for source in self.sources:
            left = source.left()
            assert left is None or left > us, "that would skip an event"
        self.now += us


class Memory:
    """Registers: what is written stays, unless the model of a peripheral knows better.

    log: (width, address, value) of each write. on_read: address -> function() -> value;
    on_write: address -> function(value), which stores what it wants.
    """

    def __init__(self):
        self.cells = {}
        self.log = []
        self.on_read = {}
        self.on_write = {}
        #: A word is read to change a part of it: the bus of a chip does not do so.
        self.merging = False

    def word(self, address):
        read = self.on_read.get(address)
        return read() if read else self.cells.get(address, 0)

    def store(self, address, value):
        write = self.on_write.get(address)
        if write:
            write(value)
        else:
            self.cells[address] = value

    def written(self, address):
        """All that was written to a register, in order."""
        return [value for _, at, value in self.log if at == address]


class View:
    """machine.mem8, mem16 or mem32."""

    def __init__(self, core, memory, bits):
        self._core = core
        self._memory = memory
        self._bits = bits
        self._mask = (1 << bits) - 1

    def _place(self, address):
        assert address % (self._bits // 8) == 0, f"misaligned: 0x{address:x}"
        return address & ~3, (address & 3) * 8

    def __getitem__(self, address):
        self._core.enter()
        word, shift = self._place(address)
        return self._core.leave(self._memory.word(word) >> shift & self._mask)

    def __setitem__(self, address, value):
        self._core.enter()
        word, shift = self._place(address)
        value &= self._mask
        memory = self._memory
        memory.log.append((self._bits, address, value))
        if self._bits < 32:
            memory.merging = True
            value = memory.word(word) & ~(self._mask << shift) | value << shift
            memory.merging = False
        memory.store(word, value)
        self._core.leave()


class Module:
    """Stands for a module in sys.modules."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class Time:
    """The module time of a port on 32 bits: its counters wrap at 2**30, and are the chip's."""

    def __init__(self, core):
        self._core = core

    def ticks_us(self):
        self._core.enter()
        return self._core.leave(self._core.ticks % (1 << 30))

    def ticks_ms(self):
        self._core.enter()
        return self._core.leave(self._core.now // 1000 % (1 << 30))

    def ticks_add(self, ticks, delta):
        self._core.enter()
        assert -(1 << 29) < delta < 1 << 29
        return self._core.leave((ticks + delta) % (1 << 30))

    def ticks_diff(self, end, start):
        self._core.enter()
        assert 0 <= end < 1 << 30 and 0 <= start < 1 << 30
        return self._core.leave((end - start + (1 << 29)) % (1 << 30) - (1 << 29))

    def sleep_us(self, us):
        self._core.pass_time(us)

    def sleep_ms(self, ms):
        self._core.pass_time(ms * 1000)


_FRESH = ("driverport", "drivers", "alarmqueue", "bustable", "flashwords", "i2cclear")


def install(core, **modules):
    """Put these modules in the place of the board's, and have the driver port afresh. Returns it."""
    import sys

    time = Time(core)
    names = ("ticks_us", "ticks_ms", "ticks_add", "ticks_diff", "sleep_us", "sleep_ms")
    modules["time"] = Module(**{name: getattr(time, name) for name in names})

    for name in list(sys.modules):
        if name.split(".")[0] in _FRESH:
            del sys.modules[name]
    for name in modules:
        sys.modules[name] = modules[name]
    import driverport

    return driverport


def fails(code, text, function, *arguments):
    """function(*arguments) raises OSError(code) with that text in it."""
    error = raises(OSError, function, *arguments)  # noqa: F821 - tests/unit/support.py
    assert error.args[0] == code, error
    assert text in str(error), error
