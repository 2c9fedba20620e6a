# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from errno import EOPNOTSUPP

from support import Stm32, fails, raises

EBUSY = 16


def near(value, expected, part=0.001):
    return abs(value - expected) <= part * expected


def test_a_wave_on_timers_of_16_and_32_bits():
    chip = Stm32("f4")
    port = chip.open()
    for key, timer, channel in (("PA1", 2, 2), ("PB6", 4, 1)):
        for hz in (1, 50, 1000, 1_000_000):
            pwm = port.Pwm(key, hz)
            assert pwm.freq() == hz
            for duty in (0, 1, 16384, 32768, 50_000, 65534, 65535):
                pwm.duty_u16(duty)
                freq, high = chip.timers[timer].wave(channel)
                assert near(freq, hz)
                steps = 84_000_000 // hz
                assert abs(high - duty / 65535) < 1 / min(steps, 65535) + 1 / 16384, (
                    hz,
                    duty,
                    high,
                )
            assert high == 1
            pwm.duty_ns(250_000_000 // hz)
            assert near(chip.timers[timer].wave(channel)[1], 0.25, 0.02)
            pwm.deinit()
            assert chip.timers[timer].widths == {}


def test_channels_of_a_timer_have_one_frequency():
    chip = Stm32("f4")
    port = chip.open()
    first = port.Pwm("PA0", 1000)
    first.duty_u16(65535)
    fails(EBUSY, "PA1 shares its timer with PA0, which has 1000 Hz, not 50", port.Pwm, "PA1", 50)
    second = port.Pwm("PA1", 1000)
    second.duty_u16(32768)
    assert chip.timers[2].wave(1) == (1000, 1)
    fails(EBUSY, "PA1 shares its timer with PA0", second.freq, 50)
    other = port.Pwm("PB7", 50)
    first.deinit()
    assert near(chip.timers[2].wave(2)[1], 0.5)
    second.freq(50)
    assert near(chip.timers[2].wave(2)[0], 50)
    second.deinit()
    other.deinit()


def test_pins_without_pwm():
    port = Stm32("f4").open()
    error = raises(ValueError, port.Pwm, "PB0", 50)
    assert str(error) == "PB0 of nucleo has no PWM: use PA0, PA1, PA2, PB6, PB7"
    error = raises(ValueError, port.Pwm, "PA2", 50)
    assert "TIM5 is for alarms" in str(error)


def test_duty_in_a_handler_takes_no_heap():
    chip = Stm32("f4")
    pwm = chip.open().Pwm("PA0", 1)  # 84 million ticks

    def change(_):
        pwm.duty_u16(65535)
        pwm.duty_u16(65534)
        pwm.duty_u16(16384)

    change(None)
    assert chip.core.hard(change, None), chip.core.uncaught
    assert near(chip.timers[2].wave(1)[1], 16384 / 65535)


class MachinePwm:
    made = []

    def __init__(self, pin, freq, duty_u16):
        self.made.append(self)
        self.pin = pin
        self.hz = freq
        self.duty = duty_u16

    def freq(self, value):
        self.hz = value

    def duty_u16(self, value):
        self.duty = value

    def duty_ns(self, value):
        self.duty = value * self.hz * 65535 // 1_000_000_000

    def deinit(self):
        self.pin = None


def test_machine_pwm_where_there_is_one():
    chip = Stm32("l4")
    chip.machine_pwm = MachinePwm
    chip.open()
    from drivers import PwmOut

    pwm = PwmOut("PB6", freq=1000, duty_u16=5000)
    made = MachinePwm.made[-1]
    assert made.pin.name() == "B6" and made.hz == 1000 and made.duty == 5000
    pwm.freq(100)
    assert made.hz == 100 and made.duty == 5000
    fails(EBUSY, "PB7 shares its timer with PB6", PwmOut, "PB7", 50)
    pwm.deinit()
    assert made.pin is None and chip.timers == {}


def test_pwmout_runs_on_pyb():
    chip = Stm32("f4")
    chip.open()
    from drivers import PwmOut

    pwm = PwmOut("PA0", freq=1000, duty_u16=32768)
    pwm.freq(50)
    freq, high = chip.timers[2].wave(1)
    assert near(freq, 50) and near(high, 0.5)
    pwm.deinit()


def test_adc():
    chip = Stm32("f4")
    chip.open()
    from drivers import AnalogIn

    chip.analog = {"A3": 0}
    analog = AnalogIn("A0")
    assert analog.key == "PA3"
    for value in (0, 1, 40_000, 65535):
        chip.analog["A3"] = value
        assert analog.read_u16() == value
        assert abs(analog.read_uv() - 3_300_000 * value / 65535) < 4, value
    error = raises(ValueError, AnalogIn, "PB1")
    assert "doesn't have ADC capabilities" in str(error)
    analog.deinit()


def test_dac():
    chip = Stm32("f4")
    chip.open()
    from drivers import AnalogOut

    out = AnalogOut("PA4", 1.0)
    assert chip.outputs == {"A4": 0xFFF}
    out.write_u16(0x8000)
    assert chip.outputs == {"A4": 0x800}
    out.deinit()
    assert chip.outputs == {}
    raises(ValueError, AnalogOut, "PA1")
    chip = Stm32("f4")
    chip.has_dac = False
    port = chip.open()
    fails(EOPNOTSUPP, "nucleo has no AnalogOut", port.Dac, "PA4")


def test_i2c_target():
    chip = Stm32("f4")
    port = chip.open()
    memory = bytearray(4)
    assert port.find_i2c_target(None, None, None) == (1, ["PB8", "PB9"])
    port.I2cTarget(1, 0x42, memory, 16, False)
    assert chip.targets == [(1, 0x42, memory, 16)]
    pins = [port.make_pin(key) for key in ("PB10", "PB11")]
    assert port.find_i2c_target(None, *pins)[0] == 2
    port.I2cTarget(2, 0x43, None, 8, False)
    assert chip.targets[-1] == (2, 0x43, None, 8)
    raises(ValueError, port.find_i2c_target, 1, *pins)
    fails(EOPNOTSUPP, "general call", port.I2cTarget, 1, 0x43, None, 8, True)
    chip = Stm32("l4")
    chip.has_target = False
    port = chip.open()
    fails(EOPNOTSUPP, "no I2CTarget", port.find_i2c_target, 1, None, None)


def test_what_is_missing():
    port = Stm32("f4").open()
    for name in ("ethernet",):
        fails(EOPNOTSUPP, "nucleo has no ", getattr(port, name))
