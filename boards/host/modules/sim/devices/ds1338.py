"""DS1338 real-time clock with 56 bytes of memory, on an I2C bus.

Source: Maxim 19-6019 (data sheet of the DS1338): address map in table 3, clock and calendar, control
register. The square-wave output is not modelled.
"""

from micropython import const

from .. import clock

_CH = const(0x80)
_TWELVE = const(0x40)
_PM = const(0x20)
_OSF = const(0x20)
_CONTROL = const(7)
_SIZE = const(64)
_SECOND_US = const(1_000_000)
#: Bits of the registers 0 to 7 that exist.
_EXISTING = (0xFF, 0x7F, 0x7F, 0x07, 0x3F, 0x1F, 0xFF, 0xB3)
_CONTROL_AT_POWER_ON = const(0xB3)
_LENGTHS = (0x31, 0x28, 0x31, 0x30, 0x31, 0x30, 0x31, 0x31, 0x30, 0x31, 0x30, 0x31)


def _next(bcd):
    """The BCD number after that one."""
    return bcd + 1 if bcd & 0x0F < 9 else (bcd & 0xF0) + 0x10


class DS1338:
    """The chip. After power-up it counts from 1.1.2000, and says that it had stopped.

    registers: its 64 bytes, the time in the first seven.
    """

    properties = ()

    def __init__(self):
        self.power_on()

    def __repr__(self):
        year, month, day, hour, minute, second = (self.registers[i] for i in (6, 5, 4, 2, 1, 0))
        return f"<DS1338 20{year:02x}-{month:02x}-{day:02x} {hour:02x}:{minute:02x}:{second:02x}>"

    def power_on(self):
        """The state after the first power-up, without a battery."""
        self.registers = bytearray(_SIZE)
        self.registers[3] = self.registers[4] = self.registers[5] = 1
        self.registers[_CONTROL] = _CONTROL_AT_POWER_ON
        self._since_us = clock.now()
        self._pointer = 0
        self._first = True
        self._latched = bytearray(_CONTROL)

    def stop_oscillator(self):
        """What shakes the crystal does: the clock stands still until it is set."""
        self._count()
        self.registers[_CONTROL] |= _OSF
        self._since_us = clock.now()

    # -- The bus

    def start(self, read):
        self._count()
        # What is read and written meanwhile are these copies.
        self._latched[:] = self.registers[:_CONTROL]
        self._first = not read
        return True

    def write(self, byte):
        if self._first:
            self._first = False
            self._pointer = byte % _SIZE
            return True
        at = self._pointer
        if at < len(_EXISTING):
            byte &= _EXISTING[at]
        if at == 0:
            self._since_us = clock.now()  # the divider is reset
            if byte & _CH:
                self.registers[_CONTROL] |= _OSF
        if at == _CONTROL:
            byte &= ~_OSF | self.registers[_CONTROL]
        self.registers[at] = byte
        self._pointer = (at + 1) % _SIZE
        return True

    def read(self):
        at = self._pointer
        self._pointer = (at + 1) % _SIZE
        return self._latched[at] if at < _CONTROL else self.registers[at]

    def stop(self):
        pass

    # -- The clock

    def _count(self):
        """Catch up with the time."""
        seconds, rest = divmod(clock.now() - self._since_us, _SECOND_US)
        self._since_us = clock.now() - rest
        if not self.registers[0] & _CH:
            for _ in range(seconds):
                self._tick()

    def _tick(self):
        time = self.registers
        for register, last in ((0, 0x59), (1, 0x59)):
            if time[register] != last:
                time[register] = _next(time[register])
                return
            time[register] = 0
        if self._next_hour():
            return
        time[3] = time[3] % 7 + 1
        last = _LENGTHS[(time[5] >> 4) * 10 + (time[5] & 0x0F) - 1]
        year = (time[6] >> 4) * 10 + (time[6] & 0x0F)
        if time[5] == 2 and year % 4 == 0:
            last = 0x29
        if time[4] != last:
            time[4] = _next(time[4])
            return
        time[4] = 1
        if time[5] != 0x12:
            time[5] = _next(time[5])
            return
        time[5] = 1
        time[6] = 0 if time[6] == 0x99 else _next(time[6])

    def _next_hour(self):
        """Count the hours; returns whether it is the same day."""
        hours = self.registers[2]
        if not hours & _TWELVE:
            self.registers[2] = 0 if hours == 0x23 else _next(hours)
            return hours != 0x23
        hour = hours & 0x1F
        half = hours & (_TWELVE | _PM)
        if hour == 0x11:  # noon or midnight
            half ^= _PM
        self.registers[2] = half | (1 if hour == 0x12 else _next(hour))
        return hour != 0x11 or bool(half & _PM)


#: What `coil run --i2c ds1338@ADDRESS` attaches, and its options there.
DEVICE = DS1338
OPTIONS = {}
