# platforms: cpython host-stock host-native mps2-native
import time

import drivers.sleep as sleep
import rtos
from drivers import DeepSleepLock
from rtos.core import LEVELS_NEST
from support import MICROPYTHON, no_allocation, raises

EBUSY = 16


class Port:
    """A board whose clock stands still in deep sleep, as on STM32 in STOP mode."""

    def __init__(self):
        self.calls = []
        self.missed_ms = 0

    def sleep(self, ms=None):
        self.calls.append(("sleep", ms))
        time.sleep_ms(5 if ms is None else ms)

    def deep_sleep(self, ms=None):
        self.calls.append(("deep", ms))
        self.missed_ms = time.ticks_add(self.missed_ms, 7 if ms is None else ms)

    def slept_ms(self):
        return self.missed_ms


class on:
    """`with on(Port()):` has the sleep manager use it."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        self.before = sleep.driverport
        sleep.driverport = self.port
        sleep._uptime.begin()
        return self.port

    def __exit__(self, *_):
        sleep.driverport = self.before
        sleep._uptime.begin()


def test_locks_are_counted():
    assert sleep.can_deep_sleep() and sleep.holders() == []
    sleep.lock_deep_sleep("radio")
    sleep.lock_deep_sleep("radio")
    sleep.lock_deep_sleep("serial")
    assert not sleep.can_deep_sleep()
    assert [row[:2] for row in sleep.holders()] == [("radio", 2), ("serial", 1)] or [
        row[:2] for row in sleep.holders()
    ] == [("serial", 1), ("radio", 2)]
    sleep.unlock_deep_sleep("radio")
    sleep.unlock_deep_sleep("serial")
    assert not sleep.can_deep_sleep()
    sleep.unlock_deep_sleep("radio")
    assert sleep.can_deep_sleep() and sleep.holders() == []


def test_who_holds_it_and_for_how_long():
    sleep.lock_deep_sleep("one")
    time.sleep_ms(20)
    ((name, count, held_ms, times, total_ms),) = sleep.holders()
    assert (name, count, times, total_ms) == ("one", 1, 1, 0) and held_ms >= 19
    sleep.unlock_deep_sleep("one")
    sleep.lock_deep_sleep("one")
    ((_, _, held_again_ms, times, total_ms),) = sleep.holders()
    assert times == 2 and total_ms >= 19 and held_again_ms <= total_ms
    sleep.unlock_deep_sleep("one")
    (row,) = [row for row in sleep.holders(idle=True) if row[0] == "one"]
    assert row[1:4] == (0, 0, 2) and row[4] >= total_ms


def test_too_many_and_too_few():
    assert "'nobody'" in str(raises(RuntimeError, sleep.unlock_deep_sleep, "nobody"))
    sleep.lock_deep_sleep("two")
    sleep.unlock_deep_sleep("two")
    assert "'two'" in str(raises(RuntimeError, sleep.unlock_deep_sleep, "two"))
    assert sleep.can_deep_sleep()
    for _ in range(65535):
        sleep.lock_deep_sleep("two")
    assert "65535" in str(raises(RuntimeError, sleep.lock_deep_sleep, "two"))
    for _ in range(65535):
        sleep.unlock_deep_sleep("two")
    raises(RuntimeError, sleep.unlock_deep_sleep, "two")
    assert sleep.can_deep_sleep()


def test_lock_objects():
    lock = DeepSleepLock("logger")
    other = DeepSleepLock("logger")
    with lock:
        assert not sleep.can_deep_sleep() and repr(lock) == "<DeepSleepLock 'logger' 1>"
        with lock, other:
            assert sleep.holders()[0][:2] == ("logger", 3)
        raises(RuntimeError, other.unlock)  # what lock holds is not its
        assert sleep.holders()[0][:2] == ("logger", 1)
    assert sleep.can_deep_sleep()
    raises(RuntimeError, lock.unlock)
    raises(KeyError, fails_with, lock)
    assert sleep.can_deep_sleep()


def fails_with(lock):
    with lock:
        raise KeyError


def test_a_lock_keeps_out_of_deep_sleep():
    with on(Port()) as port:
        sleep.sleep_auto(3)
        with DeepSleepLock("adc"), DeepSleepLock("dac"):
            sleep.sleep_auto(4)
            error = raises(OSError, sleep.deep_sleep, 5)
            assert error.args[0] == EBUSY and "adc" in error.args[1] and "dac" in error.args[1]
            sleep.sleep(6)
        sleep.deep_sleep(7)
        sleep.deep_sleep()
        sleep.sleep()
        assert port.calls == [
            ("deep", 3),
            ("sleep", 4),
            ("sleep", 6),
            ("deep", 7),
            ("deep", None),
            ("sleep", None),
        ]


def test_times_add_up():
    with on(Port()):
        before = sleep.uptime_us(), sleep.idle_us(), sleep.sleep_us(), sleep.deep_sleep_us()
        sleep.sleep(30)
        sleep.deep_sleep(5000)
        after = sleep.uptime_us(), sleep.idle_us(), sleep.sleep_us(), sleep.deep_sleep_us()
        up, idle, light, deep = (b - a for a, b in zip(before, after))  # noqa: B905
        assert 29_000 <= light < 3_000_000
        assert 5_000_000 <= deep < 8_000_000
        assert idle == light + deep
        assert up >= idle
        for number in after:
            assert number > 0


def test_the_clock_goes_on_over_deep_sleep():
    with on(Port()) as port:
        start = sleep.ticks_ms()
        raw = time.ticks_ms()
        sleep.deep_sleep(100_000)
        assert time.ticks_diff(time.ticks_ms(), raw) < 90_000  # it has missed that
        assert 100_000 <= time.ticks_diff(sleep.ticks_ms(), start) < 190_000
        # Sums pass 2**30 us and the port's count wraps, without a jump.
        up = sleep.uptime_us()
        port.missed_ms = time.ticks_add(0, -1000)
        sleep._uptime.begin()
        for _ in range(3):
            sleep.deep_sleep(1_000_000)
        passed = sleep.uptime_us() - up
        assert 3_000_000_000 <= passed < 3_090_000_000, passed
        assert port.missed_ms < 3_000_000


def test_long_time_without_a_look():
    """time.ticks_us() wraps after 18 minutes; milliseconds tell how often it has."""
    span = sleep._Span()
    now_ms, now_us = [5], [time.ticks_add(0, -256)]
    before = sleep._raw_ms, sleep._raw_us
    sleep._raw_ms, sleep._raw_us = (lambda: now_ms[0]), (lambda: now_us[0])
    try:
        span.begin()
        for ms in (100, 499_000, 500_000, 3_600_000, 86_400_000):
            start = span.sum_us()
            now_ms[0] = time.ticks_add(now_ms[0], ms)
            for _ in range(ms // 100):  # ticks_add() takes less than half a period
                now_us[0] = time.ticks_add(now_us[0], 100_000)
            span.end()
            assert span.sum_us() - start == ms * 1000, ms
    finally:
        sleep._raw_ms, sleep._raw_us = before


def test_the_boards_own_sleep():
    start = time.ticks_ms()
    before = sleep.idle_us()
    while time.ticks_diff(time.ticks_ms(), start) < 30:
        sleep.sleep_auto(10)
    sleep.sleep(1)
    assert sleep.idle_us() - before >= 20_000
    sleep.sleep(0)
    assert time.ticks_diff(sleep.ticks_ms(), time.ticks_ms()) <= 1


def test_wrong_arguments():
    for ms in (-1, 1 << 29, 1.5, "1"):
        for function in (sleep.sleep, sleep.deep_sleep, sleep.sleep_auto):
            raises(ValueError, function, ms)


def test_nothing_is_allocated():
    sleep.lock_deep_sleep("steady")
    sleep.unlock_deep_sleep("steady")
    lock = DeepSleepLock("steady too")
    # Past the sums that are small integers.
    for span in (sleep._uptime, sleep._sleep_time, sleep._deep_sleep_time):
        span.s += 5000

    def rounds():
        for _ in range(1000):
            sleep.lock_deep_sleep("steady")
            sleep.unlock_deep_sleep("steady")
            with lock:
                sleep.sleep_auto(0)
            sleep.sleep_auto(0)
            sleep.can_deep_sleep()
            sleep.ticks_ms()

    no_allocation(rounds)


def test_not_in_a_thread():
    async def main():
        for function in (sleep.sleep, sleep.deep_sleep, sleep.sleep_auto):
            assert "rtos.sleep_ms" in str(raises(RuntimeError, function, 1))
        return True

    assert rtos.run(main, port=rtos.VirtualPort())


def test_locks_and_sleep_in_an_interrupt_handler():
    if not LEVELS_NEST:
        return  # stock firmware does not know
    from machine import Timer

    lock = DeepSleepLock("handler")
    refused = [0]

    def handler(timer):
        lock.lock()
        try:
            sleep.sleep(1)
        except RuntimeError:
            refused[0] += 1

    timer = Timer(-1)
    timer.init(mode=Timer.ONE_SHOT, period=1, callback=handler, hard=True)
    time.sleep_ms(20)
    timer.deinit()
    assert refused == [1] and not sleep.can_deep_sleep()
    lock.unlock()
    assert sleep.can_deep_sleep()


def test_the_kernels_idle_time():
    if not MICROPYTHON:
        return  # it has a board's kernel port
    from drivers import SleepPort

    async def main():
        await rtos.sleep_ms(50)

    # How much of it is left for sleep depends on what else this computer has to do.
    deep, light = sleep.deep_sleep_us(), sleep.sleep_us()
    rtos.run(main, port=SleepPort())
    assert sleep.deep_sleep_us() - deep > 1000 and sleep.sleep_us() == light
    deep = sleep.deep_sleep_us()
    with DeepSleepLock("test"):
        rtos.run(main, port=SleepPort())
    assert sleep.sleep_us() - light > 1000 and sleep.deep_sleep_us() == deep
