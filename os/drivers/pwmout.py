"""PwmOut: pulses on a pin, with a frequency and a duty cycle."""

import driverport
from micropython import const

from .context import refuse_isr
from .pins import Gone, claim, release
from .sleep import DeepSleepLock

_FULL = const(65535)
_FREQ = const(50)  # mbed starts with periods of 20 ms
_NS = const(1_000_000_000)
_US = const(1_000_000)
# A period that is no whole number of hertz may be off by so much.
_TOLERANCE = const(100)


class PwmOut:
    """Pulse width modulation on a pin: `PwmOut("LED1", freq=1000, duty_u16=16384)`.

    pin: as for DigitalOut. freq: hertz; 50 at first, as mbed has it. duty_u16: part of the period that
    the pin is high, 0 to 65535; duty_ns: the same as a time. Give one of them; else it stays low.

    A new period keeps the duty cycle, also if it was set as a time. Channels that share a timer have
    one frequency: setting another one while a second channel runs is OSError(EBUSY), which names that.
    While it runs, deep sleep is locked.
    Raises ValueError for a pin without PWM, with those that have it, and for numbers out of range;
    OSError(EBUSY) names the driver that has the pin; OSError(EOPNOTSUPP) if the board has no PWM. Every
    call after deinit() raises OSError(ENODEV).
    Context: thread or base level; duty_u16() with a value: any. Source: mbed's PwmOut.
    """

    def __init__(self, pin, freq=_FREQ, duty_u16=None, duty_ns=None):
        if duty_u16 is not None and duty_ns is not None:
            raise ValueError("duty_u16 or duty_ns: give one of them")
        _check(freq, duty_u16)
        (self.key,) = claim(self, pin)
        self._lock = None
        try:
            self._pwm = driverport.Pwm(self.key, freq)
        except BaseException:
            release(self)
            raise
        self._duty = 0  # 0 to 65535
        self._pulse_ns = None  # what duty_ns() was given, as long as the period is the same
        self._suspended = False
        try:
            self._lock = DeepSleepLock("PwmOut " + self.key)
            self._lock.lock()
            if duty_ns is not None:
                self.duty_ns(duty_ns)
            else:
                self.duty_u16(duty_u16 or 0)
        except BaseException:
            self.deinit()
            raise

    def __repr__(self):
        if isinstance(self._pwm, Gone):
            return "<PwmOut '%s' deinitialised>" % self.key
        return "<PwmOut '%s' %d Hz, duty %d of 65535%s>" % (
            self.key,
            self.freq(),
            self._duty,
            ", suspended" if self._suspended else "",
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def freq(self, hz=None):
        """The frequency in hertz, or set it; the duty cycle stays. Returns what the board reaches."""
        pwm = self._pwm
        if hz is not None:
            refuse_isr()
            _check(hz, None)
            pwm.freq(hz)
            self._pulse_ns = None
            self._apply()
        return pwm.freq()

    def period_us(self, us=None):
        """The period in microseconds, or set it; the duty cycle stays.

        Periods that are no whole number of hertz are rounded to one within 1 %, else ValueError names
        the closest ones.
        """
        if us is not None:
            if not isinstance(us, int) or not 0 < us <= _US:
                raise ValueError("period_us: 1 to 1000000; PWM has whole numbers of hertz")
            hz = (_US + (us >> 1)) // us
            if abs(hz * us - _US) * _TOLERANCE > _US:
                near = _US // us
                raise ValueError(
                    "PWM has whole numbers of hertz: %d us or %d us instead of %d us"
                    % (_US // (near + 1), _US // near, us)
                )
            self.freq(hz)
        return (_US + (self.freq() >> 1)) // self.freq()

    def duty_u16(self, value=None):
        """The duty cycle, 0 to 65535 = always high, or set it. Allocates nothing."""
        pwm = self._pwm
        if value is not None:
            if not isinstance(value, int) or not 0 <= value <= _FULL:
                raise ValueError("duty_u16() takes 0 to 65535")
            self._duty = value
            self._pulse_ns = None
            if not self._suspended:
                pwm.duty_u16(value)
        elif isinstance(pwm, Gone):
            pwm()  # raises
        return self._duty

    def duty_ns(self, ns=None):
        """The time that the pin is high in each period, nanoseconds, or set it."""
        refuse_isr("not in an interrupt handler: duty_u16() works there")
        period_ns = _NS // self._pwm.freq()
        if ns is not None:
            if not isinstance(ns, int) or not 0 <= ns <= period_ns:
                raise ValueError(
                    "duty_ns() takes 0 to %d, the period: set the frequency first" % period_ns
                )
            self._duty = (ns * _FULL + (period_ns >> 1)) // period_ns
            self._pulse_ns = ns
            self._apply()
        if self._pulse_ns is not None:
            return self._pulse_ns
        return (self._duty * period_ns + (_FULL >> 1)) // _FULL

    def suspend(self):
        """Stop the pulses, the pin is low; deep sleep is possible. resume() goes on."""
        pwm = self._pwm
        if not self._suspended:
            pwm.duty_u16(0)
            self._suspended = True
            self._unlock()

    def resume(self):
        """Go on after suspend(), with what was set meanwhile."""
        pwm = self._pwm
        if isinstance(pwm, Gone):
            pwm()  # raises
        if self._suspended:
            try:
                self._lock.lock()
                self._suspended = False
                self._apply()
            except BaseException:
                self.suspend()
                raise

    def deinit(self):
        """Stop, and give the pin back as an input. May be called twice."""
        pwm = self._pwm
        if not isinstance(pwm, Gone):
            refuse_isr()
            self._pwm = Gone("PwmOut '%s'" % self.key)
            try:
                self._unlock()
            finally:
                pwm.deinit()
                release(self)

    def _unlock(self):
        lock = self._lock
        if lock is not None and lock.held:
            lock.unlock()

    def _apply(self):
        if self._suspended:
            return
        if self._pulse_ns is None:
            self._pwm.duty_u16(self._duty)
        else:
            self._pwm.duty_ns(self._pulse_ns)


def _check(freq, duty_u16):
    if not isinstance(freq, int) or freq < 1:
        raise ValueError("freq: hertz, 1 or more")
    if duty_u16 is not None and (not isinstance(duty_u16, int) or not 0 <= duty_u16 <= _FULL):
        raise ValueError("duty_u16: 0 to 65535")
