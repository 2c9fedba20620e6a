"""WallClock: seconds since 1970 at the time when RTC2 began to count, and its count.

The seconds are in compare registers of RTC2, which nobody else uses: so the time outlasts Ctrl-D, but
no reset. RTC2 counts 2**24 eighths of a second, 24 days; it notes one overflow, so that the clock has to
be read once in 48 days. Registers: nRF52840 PS 6.22.10.
"""

from machine import RTCounter, mem32
from micropython import const

_RTC = const(2)
_OVERFLOWED = const(0x40024104)
_EVTENSET = const(0x40024344)
_COUNTER = const(0x40024504)
# CC[0] is MicroPython's.
_CC_MARK = const(0x40024544)
_CC_LOW = const(0x40024548)
_CC_HIGH = const(0x4002454C)
_EVT_OVERFLOW = const(2)
_MARK = const(0xC011C0)
_LOW_BITS = const(20)
_LOW = const(0xFFFFF)
_HZ = const(8)
_WRAP_S = const(1 << 21)
_DAY_S = const(86400)
#: 1.1.2000 0:00.
_FIRST = const(946684800)
# Days before each month of a year that begins in March.
_MONTHS = (0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337)


class WallClock:
    """datetime() as machine.RTC. It is 1.1.2000 after a reset."""

    def __init__(self):
        if mem32[_CC_MARK] != _MARK:
            # Compare registers without their interrupts enabled do nothing.
            counter = RTCounter(_RTC, period=0xFFFFFF, mode=RTCounter.ONESHOT)
            mem32[_OVERFLOWED] = 0
            mem32[_EVTENSET] = _EVT_OVERFLOW
            self._keep(_FIRST)
            counter.start()
            mem32[_CC_MARK] = _MARK

    def datetime(self, when=None):
        """(year, month, day, weekday, hour, minute, second, us), or set it: 2000 to 2099.

        weekday: 0 is Monday. Raises ValueError.
        """
        if when is not None:
            if not 2000 <= when[0] <= 2099:
                raise ValueError("year: the clock of this board has 2000 to 2099")
            seconds = _days(*when[:3]) * _DAY_S + when[4] * 3600 + when[5] * 60 + when[6]
            self._begun()
            self._keep(seconds - mem32[_COUNTER] // _HZ)
            return None
        while True:
            begun = self._begun()
            eighths = mem32[_COUNTER]
            if not mem32[_OVERFLOWED]:  # else it began afresh in between
                break
        days, second = divmod(begun + eighths // _HZ, _DAY_S)
        year, month, day = _date(days)
        return (
            year,
            month,
            day,
            (days + 3) % 7,
            second // 3600,
            second // 60 % 60,
            second % 60,
            eighths % _HZ * 125_000,
        )

    def _begun(self):
        """The time when the count was 0."""
        begun = (mem32[_CC_HIGH] << _LOW_BITS) + mem32[_CC_LOW]
        if mem32[_OVERFLOWED]:
            mem32[_OVERFLOWED] = 0
            begun += _WRAP_S
            self._keep(begun)
        return begun

    def _keep(self, begun):
        mem32[_CC_LOW] = begun & _LOW
        mem32[_CC_HIGH] = begun >> _LOW_BITS


def _days(year, month, day):
    """Since 1970. Every fourth year is a leap year in this century."""
    if month < 3:
        year -= 1
        month += 12
    return year * 365 + year // 4 + _MONTHS[month - 3] + day - 719_484


def _date(days):
    days += 719_483  # since the March of year 0, as _days() counts
    fours, day = divmod(days, 1461)
    years = min(day // 365, 3)
    day -= years * 365
    month = 11
    while day < _MONTHS[month]:
        month -= 1
    year = fours * 4 + years
    if month >= 10:
        return year + 1, month - 9, day - _MONTHS[month] + 1
    return year, month + 3, day - _MONTHS[month] + 1
