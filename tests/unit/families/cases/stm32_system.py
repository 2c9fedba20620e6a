# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from errno import EOPNOTSUPP

from support import Stm32, fails, raises


def test_the_watchdog_is_never_early():
    for family, quickest, slowest in (("f4", 47_000, 17_000), ("l4", 34_000, 29_500)):
        chip = Stm32(family)
        port = chip.open()
        for timeout_ms in (1, 2, 100, 345, 346, 511, 512, 1023, 5000, port.WATCHDOG_MAX_MS):
            dog = port.Watchdog(timeout_ms)
            ticks = chip.watchdogs[-1]
            assert ticks * 1000 >= timeout_ms * quickest, (family, timeout_ms, ticks)
            # The step of the prescaler, and the oscillator's own range.
            most_ms = timeout_ms * quickest / slowest * (1 + 2 / 256) + 2
            assert ticks * 1000 / slowest <= most_ms, (family, timeout_ms, ticks)
        dog.feed()
        assert chip.fed == 1
        assert not hasattr(dog, "stop")
    assert port.WATCHDOG_MAX_MS == 30780


def test_watchdog_of_drivers():
    chip = Stm32("f4")
    chip.open()
    from drivers import Watchdog

    assert Watchdog.max_timeout_ms() == 22266
    raises(ValueError, Watchdog, 22267)
    dog = Watchdog(1000)
    dog.feed()
    assert chip.fed == 1
    fails(EOPNOTSUPP, "the watchdog of nucleo cannot be stopped", dog.stop)


def test_reset_reason_and_name():
    chip = Stm32("f4")
    port = chip.open()
    names = ["SOFTWARE", "POWER_ON", "PIN_RESET", "WATCHDOG", "WAKE_LOW_POWER", "UNKNOWN"]
    for cause in range(6):
        chip.reset_cause = cause
        assert port.reset_reason() == names[cause]
    assert port.unique_id() == b"stm32chip-id"


def test_buses_are_found_in_the_boards_table():
    port = Stm32("f4").open()
    assert port.find_i2c(None, None, None) == (1, ["PB8", "PB9"])
    assert port.find_i2c(2, None, None) == (2, ["PB10", "PB11"])
    assert port.find_i2c(None, "PB10", None) == (2, ["PB10", "PB11"])
    assert port.find_spi(None, "D13", None, None) == (1, ["PA5", "PA7", "PA6"])
    error = raises(ValueError, port.find_i2c, 3, None, None)
    assert "I2C(3) doesn't exist, use I2C(1), I2C(2)" in str(error)
    error = raises(ValueError, port.find_i2c, None, "PA0", None)
    assert "no I2C of this board has scl=PA0" in str(error)
    error = raises(ValueError, port.find_i2c, 1, "PB10", None)
    assert "no I2C(1) of this board has scl=PB10" in str(error)


def test_i2c_takes_settings_afresh():
    chip = Stm32("f4")
    port = chip.open()
    assert port.I2C_DIRECT is False
    i2c = port.I2C(1, 100_000, 50_000)
    assert i2c.scan == ("scan", 100_000)
    i2c.init(freq=400_000, timeout=1000)
    assert i2c.writeto_mem == ("writeto_mem", 400_000)
    assert chip.i2c == [(1, 100_000, 50_000), (1, 400_000, 1000)]
    raises(OSError, i2c.start)


def test_a_stuck_bus_is_cleared_and_given_back():
    chip = Stm32("f4")
    port = chip.open()
    i2c = port.I2C(1, 100_000, 50_000)
    chip.outside["B8"] = chip.outside["B9"] = 1
    assert port.recover_i2c(i2c, ["PB8", "PB9"], 100_000, 2000) is True
    assert chip.i2c[-1] == (1, 100_000, 2000)


def test_spi():
    chip = Stm32("f4")
    port = chip.open()
    port.SPI(1, 1_000_000, 1, 0, 16, 0)
    number, settings = chip.spi[0]
    assert number == 1 and settings["bits"] == 16 and settings["polarity"] == 1
    fails(EOPNOTSUPP, "nucleo has no SPI with other than", port.SPI, 1, 1_000_000, 0, 0, 12, 0)
