"""The driver port's Alarm, for boards whose machine.Timer has microseconds and hard callbacks."""

from machine import Timer
from micropython import const
from time import ticks_add, ticks_diff, ticks_us

_HZ = const(1_000_000)


class Alarm:
    """Calls function(alarm) in the interrupt: once, or with no gap between the periods."""

    def __init__(self, function):
        self._function = function
        self._timer = Timer(-1)
        self._period_us = self._due = 0
        # Bound here: where they are used, nothing can be allocated.
        self._once = self._ring
        self._again = self._ring_and_set

    def start(self, delay_us, period_us=0):
        """The first call after `delay_us`, further ones every `period_us`; an alarm that runs starts
        afresh. Both 1 to 2**29 - 1, period_us also 0. Context: any, allocates nothing.
        """
        if delay_us == period_us:
            self._timer.init(
                mode=Timer.PERIODIC, period=delay_us, tick_hz=_HZ, callback=self._once, hard=True
            )
            return
        self._period_us = period_us
        self._due = ticks_add(ticks_us(), delay_us)
        self._set(delay_us, self._again if period_us else self._once)

    def stop(self):
        """No more calls. Context: any."""
        self._timer.deinit()

    def _set(self, delay_us, callback):
        self._timer.init(
            mode=Timer.ONE_SHOT, period=delay_us, tick_hz=_HZ, callback=callback, hard=True
        )

    def _ring(self, timer):
        self._function(self)

    def _ring_and_set(self, timer):
        # By the time when this call was due, so that nothing adds up.
        self._due = due = ticks_add(self._due, self._period_us)
        self._set(max(ticks_diff(due, ticks_us()), 1), self._again)
        self._function(self)
