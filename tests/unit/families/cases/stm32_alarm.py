# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from support import Stm32, raises

START = (1 << 30) - 50  # the counter wraps early


def opened(cost_us=0):
    chip = Stm32("f4")
    port = chip.open()
    chip.core.start = START
    chip.core.cost_us = cost_us
    return chip, port


class Times:
    """Notes when it is called, without heap."""

    def __init__(self, chip, places=64):
        self._core = chip.core
        self.at = [0] * places
        self.count = 0

    def note(self, alarm):
        self.at[self.count] = self._core.now
        self.count += 1

    def all(self):
        return self.at[: self.count]


def test_once():
    chip, port = opened()
    times = Times(chip)
    alarm = port.Alarm(times.note)
    alarm.start(200)
    chip.core.pass_time(199)
    assert times.count == 0
    chip.core.pass_time(1000)
    assert times.all() == [200]
    alarm.start(10)
    alarm.stop()
    chip.core.pass_time(1000)
    assert times.all() == [200]
    assert chip.core.uncaught == []


def test_periods_have_no_gap():
    chip, port = opened(cost_us=3)  # and each look at the counter takes time
    times = Times(chip)
    alarm = port.Alarm(times.note)
    alarm.start(100, 250)
    chip.core.pass_time(2500)
    due = [100 + 250 * n for n in range(10)]
    late = [at - when for at, when in zip(times.all(), due)]  # noqa: B905
    assert times.count >= 10 and all(0 <= us <= 30 for us in late), late
    assert late[-1] <= late[0] + 3, late  # nothing adds up


def test_the_longest_delay():
    chip, port = opened()
    times = Times(chip)
    longest = (1 << 29) - 1
    port.Alarm(times.note).start(longest)
    chip.core.skip(longest - 5)
    chip.core.pass_time(4)
    assert times.count == 0
    chip.core.pass_time(1)
    assert times.all() == [longest]


def test_many_at_once_in_their_order():
    chip, port = opened(cost_us=1)
    order = [0] * 32
    count = [0]

    def add(n):
        def ring(alarm):
            order[count[0]] = n
            count[0] += 1

        return ring

    delays = [700, 30, 30, 5000, 1, 31, 299, 300]
    alarms = [port.Alarm(add(n)) for n in range(len(delays))]
    for n in range(len(delays)):
        alarms[n].start(delays[n])
    alarms[6].start(4000)  # moves
    alarms[7].stop()
    chip.core.pass_time(6000)
    assert order[: count[0]] == [4, 1, 2, 5, 0, 6, 3]


def test_the_time_passes_while_it_is_set():
    # The counter is beyond the compare register before that is set, again and again.
    for cost_us in (5, 20, 90):
        chip, port = opened(cost_us)
        times = Times(chip)
        alarm = port.Alarm(times.note)
        for n in range(20):
            alarm.start(1)
            chip.core.pass_time(1000)
            assert times.count == n + 1, (cost_us, n)


def test_one_that_starts_itself_and_others():
    chip, port = opened()
    times = Times(chip)
    other = port.Alarm(times.note)

    def again(alarm):
        times.note(alarm)
        if times.count < 5:
            alarm.start(10)
            other.start(3)

    port.Alarm(again).start(10)
    chip.core.pass_time(200)
    assert times.all() == [10, 13, 20, 23, 30], times.all()


def test_an_exception_ends_one_alarm():
    chip, port = opened()
    times = Times(chip)

    def broken(alarm):
        raise ValueError

    port.Alarm(broken).start(100, 100)
    port.Alarm(times.note).start(250, 100)
    chip.core.pass_time(500)
    assert times.all() == [250, 350, 450]
    assert chip.core.uncaught == []  # C would switch the timer's channel off


def test_far_and_late_are_in_order():
    chip, port = opened()
    times = Times(chip)
    port.Alarm(times.note).start((1 << 29) - 1)
    late = port.Alarm(times.note)
    late.start(10)
    state = chip.core.disable_irq()
    chip.core.pass_time(60)  # they are half the range and more apart now
    farthest = port.Alarm(times.note)
    farthest.start((1 << 29) - 1)
    soon = port.Alarm(times.note)
    soon.start(5)
    chip.core.enable_irq(state)
    chip.core.pass_time(20)
    assert times.count == 2, times.all()


def test_ticker_and_timeout_run_on_it():
    chip, port = opened()
    import drivers.ticker as ticker

    times = Times(chip)
    tick = ticker.Ticker()
    tick.attach(times.note, 300, hard=True)
    once = ticker.Timeout()
    once.attach(times.note, 100, hard=True)
    chip.core.pass_time(1000)
    assert times.all() == [100, 300, 600, 900]
    tick.detach()
    chip.core.pass_time(1000)
    assert times.count == 4
    raises(ValueError, once.attach, times.note, 0)
