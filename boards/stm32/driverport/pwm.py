"""Pwm: over machine.PWM, which MicroPython has from 1.28 on, or over pyb.Timer.

Channels of one timer share its frequency. Which pin is on which the board's PWM says.
"""

import machine
from board import NAME, PWM, chip
from micropython import const

from . import make_pin

__all__ = ("Pwm",)

_EBUSY = const(16)  # not in MicroPython's errno
_FULL = const(65535)
_NS = const(1_000_000_000)

_timers = {}  # number -> _Timer


class _Timer:
    """A timer and its users."""

    def __init__(self, number):
        self._number = number
        self._timer = None
        self.users = []
        self.freq = 0
        # Ticks of a period; so many for each 65535th, and the rest.
        self.top = self.quotient = self.rest = 0

    def check(self, user, freq):
        """OSError(EBUSY) if others have another frequency."""
        others = [other for other in self.users if other is not user]
        if others and freq != self.freq:
            raise OSError(
                _EBUSY,
                "%r shares its timer with %s, which has %d Hz, not %d"
                % (user, " and ".join([repr(other) for other in others]), self.freq, freq),
            )

    def set_freq(self, freq):
        from pyb import Timer

        if self._timer is None:
            self._timer = Timer(self._number)
            self._timer.init(freq=freq)
        else:
            self._timer.freq(freq)  # the channels stay
        self.freq = freq
        self.top = self._timer.period() + 1
        self.quotient = self.top // _FULL
        self.rest = self.top % _FULL

    def channel(self, number, pin):
        from pyb import Timer

        return self._timer.channel(number, Timer.PWM, pin=pin, pulse_width=0)

    def leave(self, user):
        """The last one switches it off."""
        self.users.remove(user)
        if not self.users and self._timer is not None:
            self._timer.deinit()
            self._timer = None


class _PybPwm:
    """What machine.PWM has, over a channel of pyb.Timer."""

    def __init__(self, timer, number, pin, freq):
        self._timer = timer
        if len(timer.users) == 1:
            timer.set_freq(freq)
        self._set = timer.channel(number, pin).pulse_width

    def freq(self, value):
        self._timer.set_freq(value)

    def duty_u16(self, value):
        timer = self._timer
        if value == _FULL:
            self._set(timer.top)
        else:
            # By quotient and rest, so that products are small ints in an interrupt handler.
            self._set(timer.quotient * value + ((timer.rest >> 1) * (value >> 1) >> 14))

    def duty_ns(self, value):
        timer = self._timer
        self._set(min(value * timer.freq * timer.top // _NS, timer.top))

    def deinit(self):
        self._set(0)


class Pwm:
    """A PWM channel of a pin. ValueError: it has none; OSError(EBUSY): others of its timer have another
    frequency.
    """

    def __init__(self, key, freq):
        if key not in PWM:
            raise ValueError("%s of %s has no PWM: use %s" % (key, NAME, ", ".join(sorted(PWM))))
        number, channel = PWM[key]
        if number == chip.ALARM_TIMER:
            raise ValueError("%s of %s has no PWM: TIM%d is for alarms" % (key, NAME, number))
        self._key = key
        timer = _timers.get(number)
        if timer is None:
            timer = _timers[number] = _Timer(number)
        timer.check(self, freq)
        self._timer = timer
        self._pin = pin = make_pin(key)
        timer.users.append(self)
        try:
            if hasattr(machine, "PWM"):
                timer.freq = freq
                self._pwm = machine.PWM(pin, freq=freq, duty_u16=0)
            else:
                self._pwm = _PybPwm(timer, channel, pin, freq)
        except BaseException:
            timer.leave(self)
            raise
        self.duty_u16 = self._pwm.duty_u16
        self.duty_ns = self._pwm.duty_ns

    def __repr__(self):
        return self._key

    def freq(self, value=None):
        """The frequency in hertz, or set it; the duty has to be set again."""
        timer = self._timer
        if value is not None:
            timer.check(self, value)
            self._pwm.freq(value)
            timer.freq = value
        return timer.freq

    def deinit(self):
        """Stop; the pin is an input again."""
        self._pwm.deinit()
        self._timer.leave(self)
        self._pin.init(machine.Pin.IN)
