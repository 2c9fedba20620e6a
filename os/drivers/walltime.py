"""Wall time: seconds since 1970, from the board's clock or another one; mbed's time functions.

`import drivers.walltime as walltime`. Seconds are those of UTC since 1.1.1970, on every board, whatever
epoch its module time has. mbed's range: up to 7.2.2106, which 32 bits hold.
"""

import driverport
from micropython import const

_SECONDS_MAX = 0xFFFFFFFF
_DAY_S = const(86400)
_YEAR = const(365)
_FOUR_YEARS = const(1461)
_LAST_YEAR = const(2106)
_FIRST_YEAR = const(1970)
# The day of the year on which each month begins, not in leap years.
_BEGINS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
# Days from 1970 to 1.3.2100: whoever has a 29.2.2100 is one day behind from here on.
_MARCH_2100 = const(47541)

_clock = None


def attach_rtc(clock):
    """Take the time of another clock: an object with datetime() as machine.RTC, such as a DS1338.

    None: the board's own again. Context: thread or base level.
    """
    global _clock
    if clock is not None and not hasattr(clock, "datetime"):
        raise TypeError("a clock has datetime() as machine.RTC has, not %r" % (clock,))
    _clock = clock


def _attached():
    global _clock
    if _clock is None:
        _clock = driverport.WallClock()
    return _clock


def time():
    """Seconds since 1970. Raises what the clock raises; OSError(EOPNOTSUPP): the board has none."""
    year, month, day, _, hour, minute, second = _attached().datetime()[:7]
    return mktime((year, month, day, hour, minute, second))


def set_time(seconds):
    """Set the clock. Raises ValueError for times that it cannot show."""
    year, month, day, hour, minute, second, weekday, _ = localtime(seconds)
    _attached().datetime((year, month, day, weekday, hour, minute, second, 0))


def _is_leap(year, full):
    return year % 4 == 0 and (not full or year != 2100)


def mktime(when, full_leap_years=True):
    """Seconds since 1970 of (year, month, day, hour, minute, second, ...).

    when: as localtime() gives it; weekday and day of the year are not looked at. Years 1970 to 2106.
    full_leap_years: False: a clock that takes every fourth year for one, 2100 too.
    Raises ValueError. Source: mbed's _rtc_maketime().
    """
    year, month, day, hour, minute, second = when[:6]
    leap = _is_leap(year, full_leap_years)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError("year: 1970 to 2106, not %r" % (year,))
    if not 1 <= month <= 12:
        raise ValueError("month: 1 to 12, not %r" % (month,))
    days = _BEGINS[month] - _BEGINS[month - 1] + (leap and month == 2)
    if not 1 <= day <= days:
        raise ValueError("day: 1 to %d in that month, not %r" % (days, day))
    if not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        raise ValueError("no time of day: %r:%r:%r" % (hour, minute, second))
    years = year - _FIRST_YEAR
    days = years * _YEAR + (years + 1) // 4 + _BEGINS[month - 1] + day - 1
    if leap and month > 2:
        days += 1
    if full_leap_years and year > 2100:
        days -= 1
    seconds = days * _DAY_S + hour * 3600 + minute * 60 + second
    if seconds > _SECONDS_MAX:
        raise ValueError("that is after 7.2.2106 6:28:15, the last second of 32 bits")
    return seconds


def localtime(seconds=None, full_leap_years=True):
    """(year, month, day, hour, minute, second, weekday, day of the year) as MicroPython's.

    seconds: since 1970, 0 to 2**32 - 1; None: now. weekday: 0 is Monday; days of the year from 1.
    full_leap_years: as in mktime(). Raises ValueError. Source: mbed's _rtc_localtime().
    """
    if seconds is None:
        seconds = time()
    if not isinstance(seconds, int) or not 0 <= seconds <= _SECONDS_MAX:
        raise ValueError("seconds: 0 to 2**32 - 1, not %r" % (seconds,))
    days, rest = divmod(seconds, _DAY_S)
    weekday = (days + 3) % 7  # 1.1.1970 was a Thursday
    if full_leap_years and days >= _MARCH_2100:
        days += 1  # the rest is as with a 29.2.2100
    # Four years that end with a leap year's December: 1969 to 1972, ...
    fours, day = divmod(days + _YEAR, _FOUR_YEARS)
    years = min(day // _YEAR, 3)
    day -= years * _YEAR
    year = 1969 + 4 * fours + years
    leap = years == 3
    month = 12
    while day < _BEGINS[month - 1] + (leap and month > 2):
        month -= 1
    day_of_month = day - _BEGINS[month - 1] - (leap and month > 2) + 1
    day_of_year = day + 1 - (full_leap_years and year == 2100 and month > 2)
    hour, rest = divmod(rest, 3600)
    return (year, month, day_of_month, hour, rest // 60, rest % 60, weekday, day_of_year)
