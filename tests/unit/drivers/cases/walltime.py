# platforms: cpython host-stock host-native mps2-native
import random
from errno import EIO

import drivers.walltime as walltime
from drivers import attach_rtc, set_time
from support import raises

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def calendar(full):
    """Every day of 1970 to 2106, by counting: (day since 1970, year, month, day, weekday, yearday)."""
    n = 0
    for year in range(1970, 2107):
        leap = year % 4 == 0 and (not full or year % 100 != 0 or year % 400 == 0)
        yearday = 0
        for month in range(1, 13):
            for day in range(1, DAYS[month - 1] + (leap and month == 2) + 1):
                yearday += 1
                yield n, year, month, day, (n + 3) % 7, yearday
                n += 1


def check(full):
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    last = 0xFFFFFFFF // 86400
    checked = 0
    for n, year, month, day, weekday, yearday in calendar(full):
        # All days about the ends of February and of the year, some of the others.
        if month not in (2, 3, 12, 1) and random.getrandbits(4):
            continue
        if n >= last:
            break
        at = random.randrange(86400)
        hour, minute, second = at // 3600, at // 60 % 60, at % 60
        expected = (year, month, day, hour, minute, second, weekday, yearday)
        seconds = n * 86400 + at
        assert walltime.localtime(seconds, full) == expected, (seconds, expected)
        assert walltime.mktime(expected, full) == seconds, expected
        checked += 1
    assert checked > 15_000


def test_every_day_with_true_leap_years():
    check(True)


def test_every_day_with_a_leap_year_each_four():
    check(False)


def test_the_ends_of_the_range():
    assert walltime.localtime(0) == (1970, 1, 1, 0, 0, 0, 3, 1)
    assert walltime.localtime(0xFFFFFFFF) == (2106, 2, 7, 6, 28, 15, 6, 38)
    assert walltime.mktime((2106, 2, 7, 6, 28, 15)) == 0xFFFFFFFF
    assert walltime.mktime((2000, 2, 29, 0, 0, 0)) == 951782400
    for seconds in (-1, 1 << 32, 1.5, "0"):
        raises(ValueError, walltime.localtime, seconds)
    for when in (
        (1969, 12, 31, 23, 59, 59),
        (2106, 2, 7, 6, 28, 16),
        (2107, 1, 1, 0, 0, 0),
        (2027, 0, 1, 0, 0, 0),
        (2027, 13, 1, 0, 0, 0),
        (2027, 2, 29, 0, 0, 0),
        (2100, 2, 29, 0, 0, 0),
        (2027, 4, 31, 0, 0, 0),
        (2027, 1, 0, 0, 0, 0),
        (2027, 1, 1, 24, 0, 0),
        (2027, 1, 1, 0, 60, 0),
        (2027, 1, 1, 0, 0, 60),
        (2027, 1, 1, -1, 0, 0),
        (2027, 1, 1),
    ):
        raises(ValueError, walltime.mktime, when)
    assert walltime.mktime((2100, 2, 29, 0, 0, 0), False) == walltime.mktime((2100, 3, 1, 0, 0, 0))


class Clock:
    """As machine.RTC or a DS1338."""

    def __init__(self):
        self.now = (2031, 5, 6, 1, 7, 8, 9, 250000)
        self.fault = None

    def datetime(self, when=None):
        if self.fault is not None:
            raise self.fault
        if when is None:
            return self.now
        self.now = when


def test_another_clock():
    clock = Clock()
    attach_rtc(clock)
    try:
        assert walltime.time() == walltime.mktime((2031, 5, 6, 7, 8, 9))
        assert walltime.localtime() == (2031, 5, 6, 7, 8, 9, 1, 126)
        set_time(951782400)
        assert clock.now == (2000, 2, 29, 1, 0, 0, 0, 0)
        assert walltime.time() == 951782400
        clock.fault = OSError(EIO, "DS1338 at 0x68: gone")
        assert raises(OSError, walltime.time) is clock.fault
        assert raises(OSError, set_time, 5) is clock.fault
        clock.fault = None
        raises(ValueError, set_time, -1)
        assert walltime.time() == 951782400
    finally:
        attach_rtc(None)
    assert "datetime" in str(raises(TypeError, attach_rtc, 5))


def test_the_boards_own_clock():
    before = walltime.time()
    try:
        set_time(1_900_000_000)
        assert 0 <= walltime.time() - 1_900_000_000 <= 2
        assert walltime.localtime()[:4] == (2030, 3, 17, 17)
    finally:
        set_time(before)
    assert walltime.time() - before <= 5
