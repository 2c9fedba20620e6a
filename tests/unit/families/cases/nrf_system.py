# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py

from errno import EIO, EOPNOTSUPP

from support import Nrf, fails, raises

WDT = 0x40010000
RELOAD = 0x6E524635


class WatchdogModel:
    """nRF52840 PS 6.37: what is set while it runs has no effect."""

    def __init__(self, chip):
        self.chip = chip
        self.runs = False
        self.fed = []
        memory = chip.memory
        memory.cells[WDT + 0x508] = 1
        memory.on_write[WDT] = self._start
        memory.on_read[WDT + 0x400] = lambda: int(self.runs)
        for register in (0x504, 0x508, 0x50C):
            memory.on_write[WDT + register] = lambda v, at=WDT + register: self._set(at, v)
        for n in range(8):
            memory.on_write[WDT + 0x600 + 4 * n] = lambda v, n=n: self._feed(n, v)

    def _set(self, at, value):
        if not self.runs:
            self.chip.memory.cells[at] = value

    def _start(self, value):
        self.runs = True

    def _feed(self, n, value):
        assert value == RELOAD
        self.fed.append(n)

    def timeout_s(self):
        return (self.chip.memory.cells[WDT + 0x504] + 1) / 32768


class Feeding:
    def __init__(self, dog):
        self._dog = dog

    def feed(self, _):
        self._dog.feed()


def test_the_watchdog():
    for timeout_ms in (1, 2, 999, 1000, 1001, 5000, 60_000, 131_072_000):
        chip = Nrf()
        model = WatchdogModel(chip)
        port = chip.open()
        dog = port.Watchdog(timeout_ms)
        assert model.runs and model.fed == [0]
        assert 0 <= model.timeout_s() * 1000 - timeout_ms < 0.05, timeout_ms
        assert chip.memory.cells[WDT + 0x50C] & 1  # counts in sleep
        assert chip.core.hard(Feeding(dog).feed, None), chip.core.uncaught
        assert model.fed == [0, 0]
    assert port.WATCHDOG_MAX_MS == 131_072_000
    assert not hasattr(dog, "stop")


def test_a_watchdog_that_runs_keeps_its_timeout():
    chip = Nrf()
    model = WatchdogModel(chip)
    chip.open()
    # A bootloader has started it with three requests.
    chip.memory.cells[WDT + 0x504] = 2 * 32768 - 1
    chip.memory.cells[WDT + 0x508] = 0b10101
    model.runs = True
    from drivers import Watchdog

    error = raises(ValueError, Watchdog, 1000)
    assert "runs with 2000 ms until the next reset" in str(error)
    dog = Watchdog(2000)
    assert model.fed == [0, 2, 4]
    dog.feed()
    assert model.fed == [0, 2, 4] * 2
    fails(EOPNOTSUPP, "the watchdog of dongle cannot be stopped", dog.stop)


def boot(chip, flags):
    """ports/nrf/modules/machine/modmachine.c, machine_init(), at a reset that sets these flags."""
    cells = chip.memory.cells
    at = 0x40000400
    state = cells.get(at, 0) | flags
    chip.reset_cause = 0
    for cause in (0, 1, 2, 3, 16, 17, 18, 19):
        if state >> cause & 1:
            chip.reset_cause = cause
            break
    cells[at] = state & ~(1 << chip.reset_cause)


def reason_after(*boots):
    chip = Nrf()
    at = 0x40000400
    chip.memory.on_write[at] = lambda value: chip.memory.cells.update(
        {at: chip.memory.cells.get(at, 0) & ~value}
    )
    for flags, asks in boots:
        boot(chip, flags)
        port = chip.open()
        if asks:
            reason = port.reset_reason()
            assert port.reset_reason() == reason
            # After Ctrl-D the module is new, and machine_init() has run again.
            if chip.memory.cells[at]:
                raise AssertionError("flags are left")
    return reason


def test_reset_reasons():
    names = {
        0: "UNKNOWN",
        1: "UNKNOWN",  # the pin's bit is cleared as if it were none
        1 << 1: "WATCHDOG",
        1 << 2: "SOFTWARE",
        1 << 3: "LOCKUP",
        1 << 16: "WAKE_LOW_POWER",
        1 << 17: "WAKE_LOW_POWER",
        1 << 18: "PLATFORM",
        1 << 19: "WAKE_LOW_POWER",
        1 << 16 | 1 << 19: "WAKE_LOW_POWER",
        1 << 20: "WAKE_LOW_POWER",
    }
    for flags in names:
        assert reason_after((flags, True)) == names[flags], hex(flags)


def test_reasons_that_come_together():
    # Two at once: MicroPython takes one away, and would tell the other one the next time.
    both = 1 << 1 | 1 << 2
    assert reason_after((both, True)) == "MULTIPLE"
    assert reason_after((both, True), (1 << 3, True)) == "LOCKUP"
    assert reason_after((both, False), (1 << 3, True)) == "MULTIPLE"


def test_unique_id():
    chip = Nrf()
    chip.memory.cells[0x10000060] = 0x89ABCDEF
    chip.memory.cells[0x10000064] = 0x01234567
    assert chip.open().unique_id() == b"\xef\xcd\xab\x89\x67\x45\x23\x01"


class Rng:
    """nRF52840 PS 6.19."""

    def __init__(self, chip, works=True):
        self.on = False
        self.looks = 0
        self.ready = 0
        self.given = 0
        self.works = works
        memory = chip.memory
        memory.on_write[0x4000D000] = lambda v: setattr(self, "on", True)
        memory.on_write[0x4000D004] = lambda v: setattr(self, "on", False)
        memory.on_read[0x4000D100] = self._look
        memory.on_write[0x4000D100] = lambda v: setattr(self, "ready", v)
        memory.on_read[0x4000D508] = self._value

    def _look(self):
        self.looks += 1
        if self.works and self.looks % 3 == 0:
            self.ready = 1
        return self.ready

    def _value(self):
        assert self.on and self.ready, "the same value again"
        self.given += 37
        return self.given & 0xFF


class NoUrandom:
    pass


def test_random_numbers():
    chip = Nrf()
    rng = Rng(chip)
    port = chip.open()
    import driverport.system as system

    system.os = NoUrandom()
    buf = bytearray(20)
    port.fill_random(buf)
    assert buf == bytes([37 * (n + 1) & 0xFF for n in range(20)])
    assert not rng.on and chip.memory.cells[0x4000D504] == 1
    # Some boards have os.urandom(), which gets on with a SoftDevice.
    system.os = NoUrandom()
    system.os.urandom = lambda n: bytes([n] * n)
    buf = bytearray(70)
    port.fill_random(buf)
    assert buf == bytes([64] * 64 + [6] * 6)


def test_a_generator_that_is_dead():
    chip = Nrf()
    rng = Rng(chip, works=False)
    port = chip.open()
    import driverport.system as system

    system.os = NoUrandom()
    system._TRIES = 50
    fails(EIO, "the random number generator gives nothing", port.fill_random, bytearray(2))
    assert not rng.on


def test_sleep_is_wfe():
    chip = Nrf()
    port = chip.open()
    port.sleep()
    port.deep_sleep(100)
    port.sleep(0)
    assert chip.slept == 2 and port.slept_ms() == 0


OVERFLOWED = 0x40024104


def test_wall_clock():
    chip = Nrf()
    port = chip.open()
    clock = port.WallClock()
    assert clock.datetime() == (2000, 1, 1, 5, 0, 0, 0, 0)
    import drivers.walltime as walltime

    for seconds in (946684800, 951782400, 951868800, 1_700_000_000, 4102444799):
        walltime.set_time(seconds)
        assert walltime.time() == seconds, seconds
        chip.eighths += 8 * 86400
        if seconds < 4102444799:
            assert walltime.time() == seconds + 86400
            assert walltime.localtime() == walltime.localtime(seconds + 86400)
    chip.eighths += 3
    assert clock.datetime()[7] == 375_000
    raises(ValueError, clock.datetime, (1999, 12, 31, 4, 0, 0, 0, 0))
    raises(ValueError, clock.datetime, (2100, 1, 1, 4, 0, 0, 0, 0))


def test_the_clock_s_every_day():
    chip = Nrf()
    port = chip.open()
    clock = port.WallClock()
    import drivers.walltime as walltime

    chip.memory.log = Nothing()
    for day in range(0, 36525, 13):
        seconds = 946684800 + day * 86400 + 86399
        expected = walltime.localtime(seconds)
        year, month, date, hour, minute, second, weekday = expected[:7]
        clock.datetime((year, month, date, weekday, hour, minute, second, 0))
        assert clock.datetime()[:7] == (year, month, date, weekday, hour, minute, second)


class Nothing:
    def append(self, item):
        pass


def test_the_clock_outlasts_ctrl_d_and_an_overflow():
    chip = Nrf()
    clock = chip.open().WallClock()
    clock.datetime((2026, 3, 1, 6, 12, 0, 0, 0))
    chip.eighths += 80
    # Ctrl-D: modules are new, the chip goes on.
    clock = chip.open().WallClock()
    assert chip.rtc_made == 1
    assert clock.datetime()[:7] == (2026, 3, 1, 6, 12, 0, 10)
    chip.eighths += 1 << 24
    chip.memory.cells[OVERFLOWED] = 1
    assert chip.memory.cells[0x40024344] == 2, "the event is not enabled"
    assert clock.datetime()[:7] == (2026, 3, 25, 2, 18, 32, 42)
    assert clock.datetime()[:7] == (2026, 3, 25, 2, 18, 32, 42)
    # A reset clears RTC2.
    chip = Nrf()
    assert chip.open().WallClock().datetime()[0] == 2000 and chip.rtc_made == 1
