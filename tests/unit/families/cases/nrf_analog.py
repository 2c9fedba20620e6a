# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py

from errno import EOPNOTSUPP

from support import Nrf, fails, raises

EBUSY = 16
HZ = 16_000_000


class PwmModel:
    """A PWM module: nRF52840 PS 6.17. What it fetches counts when a sequence starts."""

    def __init__(self, chip, base):
        self.chip = chip
        self.base = base
        self.values = None
        self.starts = 0
        memory = chip.memory
        memory.on_write[base + 0x004] = self._stop
        memory.on_write[base + 0x008] = self._start
        for n in range(4):
            memory.on_write[base + 0x560 + 4 * n] = lambda v, n=n: self._select(n, v)

    def cell(self, register):
        return self.chip.memory.cells.get(self.base + register, 0)

    def _select(self, n, value):
        assert not self.cell(0x500), "PSEL while the module is enabled"
        self.chip.memory.cells[self.base + 0x560 + 4 * n] = value

    def _stop(self, value):
        self.chip.memory.cells[self.base + 0x104] = 1
        self.values = None

    def _start(self, value):
        assert self.cell(0x500) == 1
        assert self.cell(0x510) == 2 and self.cell(0x524) == 4 and self.cell(0x514) == 0
        assert 3 <= self.cell(0x508) <= 32767 and self.cell(0x50C) < 8
        at = self.cell(0x520)
        word = self.chip.memory.word
        self.values = [word(at + 4 * (n // 2)) >> 16 * (n % 2) & 0xFFFF for n in range(4)]
        self.starts += 1

    def wave(self, pin):
        """(frequency, part of the period that the pin is high); None: it is not driven."""
        if self.values is None:
            return None
        for n in range(4):
            if self.cell(0x560 + 4 * n) == pin:
                value = self.values[n]
                assert value >> 15, "low first"
                top = self.cell(0x508)
                return (HZ >> self.cell(0x50C)) / top, (value & 0x7FFF) / top
        return None


def opened(name="nrf52840"):
    chip = Nrf(name)
    port = chip.open()
    return chip, port, [PwmModel(chip, base) for base in chip.numbers.PWMS]


def near(value, expected, part=0.001):
    return abs(value - expected) <= part * expected


def test_a_wave():
    chip, port, models = opened()
    pwm = port.Pwm("P13", 1000)
    assert models[0].wave(13) == (1000, 0)
    for duty in (0, 1, 2, 16384, 32768, 65534, 65535):
        pwm.duty_u16(duty)
        freq, high = models[0].wave(13)
        assert freq == 1000 and abs(high - duty / 65535) < 2 / 16000, (duty, high)
    assert high == 1
    pwm.duty_ns(250_000)
    assert near(models[0].wave(13)[1], 0.25)
    assert pwm.freq() == 1000
    pwm.deinit()
    assert models[0].wave(13) is None and models[0].cell(0x500) == 0
    assert chip.memory.cells[0x50000700 + 4 * 13] & 1 == 0


def test_frequencies():
    chip, port, models = opened()
    pwm = port.Pwm("P1", 50)
    for freq in (4, 5, 50, 488, 489, 1000, 20_000, 1_000_000, 5_333_333):
        assert pwm.freq(freq) == freq
        assert near(models[0].wave(1)[0], freq, 0.07 if freq > 100_000 else 0.001), freq
    for freq in (3, 5_333_334):
        error = raises(ValueError, pwm.freq, freq)
        assert f"4 to 5333333 Hz, not {freq}" in str(error)
    raises(ValueError, port.Pwm, "P2", 1)


def test_four_pins_share_a_module():
    chip, port, models = opened()
    pins = [port.Pwm(f"P{n}", 1000) for n in range(5)]
    for n, pwm in enumerate(pins):
        pwm.duty_u16(10_000 * (n + 1))
    for n in range(5):
        freq, high = models[n // 4].wave(n)
        assert freq == 1000 and near(high, (n + 1) * 10_000 / 65535), n
    fails(EBUSY, "P1 shares its timer with P0 and P2 and P3, which has 1000 Hz", pins[1].freq, 50)
    assert pins[4].freq(50) == 50  # alone
    assert near(models[1].wave(4)[1], 50_000 / 65535)
    # One goes; the others go on.
    pins[2].deinit()
    assert models[0].wave(2) is None
    assert near(models[0].wave(3)[1], 40_000 / 65535)
    again = port.Pwm("P20", 1000)
    again.duty_u16(65535)
    assert models[0].wave(20) == (1000, 1)
    assert near(models[0].wave(0)[1], 10_000 / 65535)


def test_when_all_are_in_use():
    chip, port, models = opened("nrf52832")
    chip.memory.cells[chip.numbers.PWMS[1] + 0x500] = 1  # machine.PWM's
    port.Pwm("P0", 100)
    port.Pwm("P1", 200)
    fails(EBUSY, "all PWM of dongle is in use: 100 Hz on P0, 200 Hz on P1", port.Pwm, "P2", 300)
    port.Pwm("P2", 200)
    assert models[1].starts == 0


def test_duty_in_a_handler_takes_no_heap():
    chip, port, models = opened()
    pwm = port.Pwm("P13", 50)

    def change(_):
        pwm.duty_u16(65535)
        pwm.duty_u16(40_000)

    change(None)
    assert chip.core.hard(change, None), chip.core.uncaught
    assert near(models[0].wave(13)[1], 40_000 / 65535)


def test_pwmout_runs_on_it():
    chip, port, models = opened()
    from drivers import PwmOut

    pwm = PwmOut("LED1", freq=1000, duty_u16=32768)
    assert near(models[0].wave(13)[1], 0.5)
    pwm.freq(100)
    freq, high = models[0].wave(13)
    assert freq == 100 and near(high, 0.5)
    pwm.suspend()
    assert models[0].wave(13) == (100, 0)
    pwm.deinit()
    assert models[0].wave(13) is None


def test_adc():
    chip, port, _ = opened()
    chip.adc = [0, 255, 128, 0, 0, 0, 0, 0]
    assert port.Adc("P2").read_u16() == 0
    adc = port.Adc("P3")
    assert adc.read_u16() == 65535 and abs(adc.read_uv() - 3_300_000) < 255
    assert adc.reference_uv == 3_300_000
    assert abs(port.Adc("P4").read_uv() - 3_300_000 * 128 / 255) < 255
    error = raises(ValueError, port.Adc, "P6")
    assert "P6 of dongle has no converter: use P2, P3, P4, P5, P28" in str(error)
    from drivers import AnalogIn

    analog = AnalogIn("P4")
    assert near(analog.read(), 128 / 255)
    analog.deinit()


def test_what_is_missing():
    _, port, _ = opened()
    lacking = {"Can": "CAN", "find_can": "CAN", "ethernet": "Ethernet", "Dac": "AnalogOut"}
    for name in lacking:
        fails(EOPNOTSUPP, "dongle has no " + lacking[name], getattr(port, name))
