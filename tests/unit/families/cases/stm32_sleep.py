# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from support import Stm32, raises

DAY_S = 86_400


def test_sleep_is_wfi():
    chip = Stm32("f4")
    port = chip.open()
    port.sleep()
    port.sleep(100)
    port.sleep(0)
    assert chip.idle == 2
    assert port.slept_ms() == 0


def test_the_calendar_tells_how_long_stop_was():
    for family in ("f4", "l4"):
        chip = Stm32(family)
        port = chip.open()
        port.deep_sleep(1500)
        assert 1495 <= port.slept_ms() <= 1500
        chip.wakes_after_us = 250_000  # a pin, before the time is up
        port.deep_sleep(10_000)
        chip.wakes_after_us = 40_000_000
        port.deep_sleep()
        assert 41_740 <= port.slept_ms() <= 41_750, port.slept_ms()
        port.deep_sleep(0)
        assert port.slept_ms() <= 41_750


def test_over_midnight_months_and_years():
    # 2000-02-28, 2001-02-28, 2004-12-31, 2023-11-30, 2099-12-30, each a second before midnight.
    for day in (58, 424, 1826, 8734, 36523):
        chip = Stm32("f4")
        port = chip.open()
        chip.rtc.us = ((day + 1) * DAY_S - 1) * 1_000_000
        for ms in (3000, DAY_S * 1000, 5000):
            before = port.slept_ms()
            chip.wakes_after_us = ms * 1000
            port.deep_sleep()
            assert abs(port.slept_ms() - before - ms) <= 5, (day, ms, port.slept_ms() - before)


def test_it_wraps_as_ticks_do():
    chip = Stm32("f4")
    port = chip.open()
    for _ in range(3):
        chip.wakes_after_us = 500_000_000_000  # 5.8 days
        port.deep_sleep()
    assert abs(port.slept_ms() - (1_500_000_000 - (1 << 30))) <= 15


def test_what_ticks_have_seen_counts_once():
    chip = Stm32("f4")
    port = chip.open()
    chip.awake_us = 40_000
    chip.wakes_after_us = 1_000_000
    port.deep_sleep(2000)
    assert 990 <= port.slept_ms() <= 1000, port.slept_ms()


def test_it_takes_no_heap():
    chip = Stm32("l4")
    port = chip.open()
    chip.rtc.us = 365 * DAY_S * 1_000_000
    port.deep_sleep(100)
    assert chip.core.hard(port.deep_sleep, 100), chip.core.uncaught
    assert abs(port.slept_ms() - 200) <= 8


def test_without_a_clock_for_the_calendar():
    chip = Stm32("f4")
    port = chip.open()
    chip.rtc.runs = False  # and RSF never comes
    port.deep_sleep(1000)
    assert port.slept_ms() == 0


def test_the_sleep_manager_counts_it():
    chip = Stm32("f4")
    chip.open()
    import drivers.sleep as sleep

    before = sleep.ticks_ms()
    sleep.deep_sleep(2000)
    assert 1995 <= sleep.ticks_ms() - before <= 2000
    assert 1_995_000 <= sleep.deep_sleep_us() <= 2_000_000
    lock = sleep.DeepSleepLock("test")
    with lock:
        raises(OSError, sleep.deep_sleep, 10)


def test_wall_clock():
    chip = Stm32("f4")
    port = chip.open()
    import drivers.walltime as walltime

    walltime.set_time(1_700_000_000)  # Tuesday, 14.11.2023 22:13:20
    assert chip.calendar == (2023, 11, 14, 2, 22, 13, 20, 0)
    assert walltime.time() == 1_700_000_000
    assert port.WallClock().datetime()[3] == 1
    error = raises(ValueError, walltime.set_time, 900_000_000)
    assert "2000 to 2099" in str(error)


def test_random_numbers_are_the_hardware_s():
    chip = Stm32("f4")
    port = chip.open()
    import driverport.system as system

    class Os:
        def urandom(self, n):
            assert n <= 64
            return bytes([n] * n)

    system.os = Os()
    buf = bytearray(70)
    port.fill_random(buf)
    assert buf == bytes([64] * 64 + [6] * 6)
    system.os = chip
    error = raises(OSError, port.fill_random, buf)
    assert "nucleo has no random number generator" in str(error)
