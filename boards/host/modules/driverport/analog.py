"""Converters and PWM of board host, which are simulated."""

from machine import Pin
from sim import parts
from sim.adc import ADC as Adc
from sim.pwm import PWM

_EBUSY = 16  # not in MicroPython's errno

__all__ = ("Adc", "Dac", "Pwm")

Dac = parts.dac


class Pwm(PWM):
    """A PWM channel that does not change the frequency of others.

    Four pins share a timer. Raises ValueError for a pin without PWM, OSError(EBUSY) when the timer has
    another frequency.
    """

    def __init__(self, key, freq):
        self._key = key
        self._check(parts.pwm_timer(key), freq)
        super().__init__(Pin(key), freq=freq)

    def freq(self, value=None):
        """The frequency in hertz, or set it."""
        if value is not None:
            self._check(self._channel.timer, value)
        return super().freq(value)

    def deinit(self):
        """Stop; the pin is an input again, where it can be one."""
        pin = self._pin
        super().deinit()
        if not self._key.startswith("LED"):
            pin.init(pin.IN)

    def _check(self, timer, freq):
        others = [c.name for c in timer.channels if c.name != self._key]
        if others and freq != timer.freq:
            raise OSError(
                _EBUSY,
                "%s shares its timer with %s, which has %d Hz, not %d"
                % (self._key, " and ".join(others), timer.freq, freq),
            )
