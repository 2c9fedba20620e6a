"""DS1338 and DS1307: clocks with a calendar to 2099 and 56 bytes that a battery keeps.

DS1338: Maxim 19-6019 (2011), table 3 (address map), control register, pages 9 to 12.
DS1307: table 2 of its data sheet. The same registers, but without an oscillator stop flag.
"""

from errno import EIO

from micropython import const

from .i2cchip import I2CChip

# Table 3: address map.
_SECONDS = const(0)
_CONTROL = const(7)
_NVRAM = const(8)
_NVRAM_BYTES = const(56)

_HALT = const(0x80)  # in the seconds: the oscillator is switched off
_TWELVE = const(0x40)  # in the hours: they count to 12
_PM = const(0x20)

# Control register.
_OUT = const(0x80)
_STOPPED = const(0x20)  # OSF
_SQUARE = const(0x10)  # SQWE
_RATE = const(0x03)
_RATES_HZ = (1, 4096, 8192, 32768)

#: Bits of the registers 0 to 6 that always read as 0 (table 3).
_ZERO_BITS = b"\x00\x80\x80\xf8\xc0\xe0\x00"
_DAYS = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"
_FIRST_YEAR = const(2000)  # the chip's leap years are right until 2099 (clock and calendar)
_LAST_YEAR = const(2099)
_SET_TRIES = const(3)


def _days_in(year, month):
    return 29 if month == 2 and year % 4 == 0 else _DAYS[month - 1]


def _weekday(year, month, day):
    """0 = Monday, in 2000 to 2099. 1.1.2000 was a Saturday."""
    years = year - _FIRST_YEAR
    days = years * 365 + (years + 3) // 4 + day + 4
    for passed in range(1, month):
        days += _days_in(year, passed)
    return days % 7


def _bcd(value):
    return value // 10 << 4 | value % 10


class DS1338(I2CChip):
    """The clock of a board that is without power now and then.

    twelve_hours: keep the chip's hours as 1 to 12 with AM and PM. Matters only to others that read
        the chip; here hours are always 0 to 23.
    Nothing is transferred; check() tells whether the chip is there.
    Methods may be called by one thread at a time.
    """

    NAME = "DS1338"
    #: The same of the control register.
    _ZERO_CONTROL = 0x4C

    def __init__(self, i2c, addr=0x68, twelve_hours=False):
        super().__init__(i2c, addr)
        self._twelve = bool(twelve_hours)
        self._time = bytearray(8)  # registers 0 to 7
        self._set = bytearray(8)  # address 0, registers 0 to 6
        self._two = bytearray(2)
        self._views = {}

    # ---- The time

    def datetime(self, value=None):
        """(year, month, day, weekday, hours, minutes, seconds, 0), as machine.RTC has it.

        Weekday 0 is Monday; it is worked out from the date. With an argument: set the clock, start
        it and forget that it had stopped; years 2000 to 2099, weekday and the last number are ignored.
        Raises OSError(EIO) when the oscillator has stood still since the clock was set, so that the
        time is wrong; when a register holds no number in its range; when the clock does not keep what
        was written. ValueError for a date that does not exist.
        """
        if value is not None:
            self._set_time(value)
            return None
        self._get(_SECONDS, self._time)
        if self._stood():
            self._broken("the oscillator has stopped, set the time")
        return self._decode()

    def stopped(self):
        """Whether the oscillator stands still, or has since the clock was set. The time is wrong."""
        self._get(_SECONDS, self._time)
        return self._stood()

    def _stood(self):
        return bool(self._time[0] & _HALT or self._time[_CONTROL] & _STOPPED)

    def halt(self):
        """Stop the oscillator, which spares the battery. datetime(…) starts it again."""
        self._get(_SECONDS, self._time)
        self._write(_SECONDS, self._time[0] | _HALT)

    def _decode(self):
        """The tuple of what self._time holds."""
        register = self._odd()
        if register >= 0:
            self._broken("register %d reads 0x%02x" % (register, self._time[register]))
        second = self._number(0, 0x7F, 0, 59)
        minute = self._number(1, 0x7F, 0, 59)
        hour = self._hour()
        self._number(3, 0x07, 1, 7)
        month = self._number(5, 0x1F, 1, 12)
        year = _FIRST_YEAR + self._number(6, 0xFF, 0, 99)
        day = self._number(4, 0x3F, 1, _days_in(year, month))
        return year, month, day, _weekday(year, month, day), hour, minute, second, 0

    def _hour(self):
        if not self._time[2] & _TWELVE:
            return self._number(2, 0x3F, 0, 23)
        hour = self._number(2, 0x1F, 1, 12) % 12
        return hour + 12 if self._time[2] & _PM else hour

    def _number(self, register, mask, low, high):
        value = self._time[register] & mask
        tens = value >> 4
        ones = value & 0x0F
        if ones > 9 or not low <= tens * 10 + ones <= high:
            self._broken("register %d reads 0x%02x" % (register, self._time[register]))
        return tens * 10 + ones

    def _broken(self, what):
        raise OSError(EIO, "%s at 0x%02x: %s" % (self.NAME, self.addr, what))

    def _set_time(self, value):
        year, month, day, _, hour, minute, second = value[:7]
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            text = "a %s knows the years 2000 to 2099, not %r"
            raise ValueError(text % (self.NAME, year))
        if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
            raise ValueError("there is no date %r-%r-%r" % (year, month, day))
        if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
            raise ValueError("there is no time %r:%r:%r" % (hour, minute, second))
        buf = self._set
        buf[0] = _SECONDS
        buf[1] = _bcd(second)
        buf[2] = _bcd(minute)
        if self._twelve:
            buf[3] = _TWELVE | (_PM if hour >= 12 else 0) | _bcd((hour + 11) % 12 + 1)
        else:
            buf[3] = _bcd(hour)
        buf[4] = _weekday(year, month, day) + 1
        buf[5] = _bcd(day)
        buf[6] = _bcd(month)
        buf[7] = _bcd(year - _FIRST_YEAR)
        # A second try when a second has passed in between; and for chips that look at each register
        # by itself when it comes, with the day in a month that is not yet the new one.
        for _ in range(_SET_TRIES):
            self._put(buf)
            self._get(_SECONDS, self._time)
            if self._is_set(hour):
                break
        else:
            self._broken("it does not keep the time that was written")
        if self._time[_CONTROL] & _STOPPED:
            self._write(_CONTROL, self._time[_CONTROL] & ~_STOPPED)

    def _is_set(self, hour):
        for register in range(7):
            # Hours may be counted otherwise than asked for, and others count their weekdays
            # differently; ours come from the date.
            if register in (2, 3):
                continue
            if self._time[register] != self._set[register + 1]:
                return False
        return self._hour() == hour

    # ---- The output and the memory

    def square_wave(self, freq=0, level=1):
        """Put a square wave of 1, 4096, 8192 or 32768 Hz on the output; 0: the level, 0 or 1."""
        if freq and freq not in _RATES_HZ:
            raise ValueError("freq must be 1, 4096, 8192, 32768 or 0, not %r" % (freq,))
        self._get(_SECONDS, self._time)
        # 1 in the stop flag leaves it as it is.
        value = self._time[_CONTROL] & _STOPPED
        if freq:
            value |= _SQUARE | _RATES_HZ.index(freq)
        if level:
            value |= _OUT
        self._write(_CONTROL, value)

    def read_nvram(self, offset, buf):
        """Fill buf from the memory, 56 bytes. Raises ValueError for a range outside."""
        self._check_range(offset, len(buf))
        self._get(_NVRAM + offset, buf)

    def write_nvram(self, offset, buf):
        """Write buf to the memory; allocates when a length comes for the first time."""
        count = len(buf)
        self._check_range(offset, count)
        page = self._views.get(count)
        if page is None:
            page = self._views[count] = bytearray(count + 1)
        page[0] = _NVRAM + offset
        for i in range(count):
            page[i + 1] = buf[i]
        self._put(page)

    def _check_range(self, offset, count):
        if not (offset >= 0 and offset + count <= _NVRAM_BYTES):
            raise ValueError("the memory has %d bytes: 0 to %d" % (_NVRAM_BYTES, _NVRAM_BYTES - 1))

    # ----

    def check(self):
        """Tell that the chip is there: no identity, but bits that always read as 0.

        Raises OSError(ENODEV) with what was found.
        """
        self._get(_SECONDS, self._time)
        register = self._odd()
        if register >= 0:
            self._strange("register %d reads 0x%02x" % (register, self._time[register]))

    def _odd(self):
        """The first register in which a bit is set that always reads as 0; -1 if there is none."""
        for register in range(_CONTROL):
            if self._time[register] & _ZERO_BITS[register]:
                return register
        return _CONTROL if self._time[_CONTROL] & self._ZERO_CONTROL else -1

    def _write(self, register, value):
        self._two[0] = register
        self._two[1] = value
        self._put(self._two)


class DS1307(DS1338):
    """The older one: only a halted oscillator shows that the time is wrong."""

    NAME = "DS1307"
    _ZERO_CONTROL = 0x6C
