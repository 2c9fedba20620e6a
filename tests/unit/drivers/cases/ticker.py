# platforms: cpython
# On a clock of its own; tests/emulator/test_drivers_time.py has the same on the board's.
from time import ticks_diff, ticks_us

from drivers import LowPowerTicker, LowPowerTimeout, Stopwatch, Ticker, Timeout
from drivers.sleep import can_deep_sleep, holders
from support import advance, raises, settle

HOUR_US = 3_600_000_000


def clock():
    import machine

    return machine.now_us()


class Log:
    """A callback that notes when it was called, in microseconds since it was made."""

    def __init__(self):
        self.start = clock()
        self.times = []

    def __call__(self, _):
        self.times.append(clock() - self.start)


def test_periods_are_exact():
    for kind, name in ((Ticker, "Ticker"), (LowPowerTicker, "LowPowerTicker")):
        log = Log()
        with kind() as ticker:
            ticker.attach(log, 1_000, hard=True)
            assert ticker.remaining_us() == 1_000
            advance(400)
            assert ticker.remaining_us() == 600 and repr(ticker) == f"<{name} in 600 us>"
            advance(4_700)
            assert log.times == [1_000, 2_000, 3_000, 4_000, 5_000]
            assert ticker.remaining_us() == 900
        advance(5_000)
        assert len(log.times) == 5 and ticker.remaining_us() is None
        assert repr(ticker) == f"<{name} detached>"


def test_soft_calls_get_the_ticker():
    calls = []
    with Ticker() as ticker:
        ticker.attach(calls.append, 100)
        advance(350)
        assert calls == [ticker] * 3 and ticker.missed == 0


def test_long_periods_are_exact_too():
    log = Log()
    with Ticker() as ticker:
        ticker.attach(log, HOUR_US)
        advance(HOUR_US // 3)
        assert ticker.remaining_us() == HOUR_US - HOUR_US // 3
        advance(5 * HOUR_US)
    assert log.times == [n * HOUR_US for n in range(1, 6)], log.times
    for delay_us in ((1 << 28) - 1, 1 << 28, (1 << 28) + 1, 1 << 30):
        log = Log()
        with LowPowerTimeout() as timeout:
            timeout.attach(log, delay_us)
            assert timeout.remaining_us() == delay_us
            advance(delay_us - 1)
            assert log.times == []
            advance(HOUR_US)
            assert log.times == [delay_us]


def test_a_timeout_may_attach_again_in_its_callback():
    for hard in (False, True):
        times = []
        start = clock()
        timeout = Timeout()

        def again(timeout, hard=hard, times=times, start=start):
            times.append(clock() - start)
            if len(times) < 4:
                assert timeout.remaining_us() is None
                timeout.attach(again, 10 * len(times), hard)

        timeout.attach(again, 5, hard)
        advance(1_000)
        assert times == [5, 15, 35, 65], times


def test_a_call_that_is_detached_is_not_made():
    calls = []
    timeout = Timeout()

    def late(_):
        calls.append("late")

    timeout.attach(late, 100)
    # The interrupt comes, the soft call waits.
    import machine

    machine.advance(100, lambda: None)
    timeout.detach()
    timeout.detach()
    settle()
    assert calls == []
    timeout.attach(late, 100)
    machine.advance(100, lambda: None)
    timeout.detach()
    timeout.attach(late, 50)
    settle()  # the call of the first one
    assert calls == []
    advance(50)
    assert calls == ["late"] and timeout.missed == 0


def test_calls_that_come_too_late_are_counted():
    import machine

    calls = []
    with Ticker() as ticker:
        ticker.attach(calls.append, 100)
        machine.advance(1_000, lambda: None)
        settle()
        assert calls == [ticker] and ticker.missed == 9
        ticker.attach(lambda _: None, 100)
        assert ticker.missed == 9


def test_wrong_use():
    ticker = Ticker()
    for wrong in (0, -1, 1.5, "1", None):
        raises(ValueError, ticker.attach, print, wrong)
    raises(TypeError, ticker.attach, 1_000, print)
    raises(TypeError, ticker.attach, None, 1_000)
    assert ticker.remaining_us() is None


def test_stopwatch():
    watch = Stopwatch()
    assert watch.elapsed_us() == 0 and repr(watch) == "<Stopwatch stopped 0 us>"
    watch.start()
    advance(1_234)
    assert watch.elapsed_us() == 1_234
    watch.start()  # runs on
    advance(766)
    watch.stop()
    watch.stop()
    advance(50_000)
    assert watch.elapsed_us() == 2_000
    watch.start()
    advance(500)
    assert watch.elapsed_us() == 2_500 and "running" in repr(watch)
    watch.reset()
    assert watch.elapsed_us() == 0
    advance(7)
    assert watch.elapsed_us() == 7
    watch.stop()
    watch.reset()
    assert watch.elapsed_us() == 0
    with watch:
        advance(3)
    assert watch.elapsed_us() == 3


def test_stopwatch_over_many_rounds_of_the_counter():
    watch = Stopwatch()
    watch.start()
    before = ticks_us()
    for hours in range(1, 40):
        advance(HOUR_US)
        assert watch.elapsed_us() == hours * HOUR_US
    assert ticks_diff(ticks_us(), before) != watch.elapsed_us()
    watch.stop()
    advance(HOUR_US)
    watch.start()
    advance(1)
    assert watch.elapsed_us() == 39 * HOUR_US + 1
    watch.stop()


def test_who_needs_microseconds_keeps_the_board_out_of_deep_sleep():
    def held():
        return sorted((holder[0], holder[1]) for holder in holders())

    assert held() == []
    ticker, timeout, watch = Ticker(), Timeout(), Stopwatch()
    assert held() == []
    ticker.attach(print, 100_000)
    ticker.attach(print, 200_000)
    assert held() == [("Ticker", 1)] and not can_deep_sleep()
    timeout.attach(lambda _: None, 100)
    watch.start()
    watch.start()
    assert held() == [("Stopwatch", 1), ("Ticker", 1), ("Timeout", 1)]
    advance(100)
    assert held() == [("Stopwatch", 1), ("Ticker", 1)]
    ticker.detach()
    ticker.detach()
    watch.stop()
    watch.stop()
    timeout.detach()
    assert held() == []
    # Again and again in the callback: held all the time, and given back after the last one.
    seen = []

    def again(timeout):
        seen.append(held())
        if len(seen) < 3:
            timeout.attach(again, 50, hard=True)

    timeout.attach(again, 50, hard=True)
    advance(1_000)
    assert seen == [[("Timeout", 1)]] * 3 and held() == []
    # The low-power forms hold none.
    with LowPowerTicker() as ticker:
        ticker.attach(print, 100_000)
        assert can_deep_sleep()


def test_a_hard_callback_that_raises_ends_it():
    def fail(_):
        raise ValueError("broken")

    for timed in (Ticker(), Timeout()):
        timed.attach(fail, 100, hard=True)
        advance(150)
        assert timed.remaining_us() is None and can_deep_sleep()
        advance(1_000)
