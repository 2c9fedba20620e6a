"""Alarm: over one timer of 32 bits, by pyb.Timer, whose callbacks are hard.

machine.Timer counts milliseconds here, so it does not serve.
"""

from alarmqueue import AlarmQueue, QueuedAlarm
from board import chip
from machine import mem32
from micropython import const
from pyb import Timer

_HZ = const(1_000_000)
_PERIOD = const(0x3FFFFFFF)  # as time.ticks_us()
_CHANNEL = const(1)
# RM0090 18.4.5, RM0351 31.4.5: TIMx_SR, capture/compare 1 interrupt flag.
_SR = const(0x10)
_CC1IF = const(1 << 1)

_queue = None


class _Counter:
    def __init__(self, function):
        timer = Timer(chip.ALARM_TIMER)
        timer.init(prescaler=timer.source_freq() // _HZ - 1, period=_PERIOD)
        channel = timer.channel(_CHANNEL, Timer.OC_TIMING, compare=_PERIOD, callback=function)
        self._timer = timer  # pyb keeps one object a timer, which goes with the last reference
        self.now = timer.counter
        self.set = channel.compare
        self._status = chip.ALARM_TIMER_BASE + _SR

    def fired(self):
        return mem32[self._status] & _CC1IF

    def clear(self):
        """A compare that nobody waits for comes once in 18 minutes."""


def Alarm(function):
    """An alarm that calls function(alarm) in the interrupt."""
    global _queue
    if _queue is None:
        counter = _Counter(lambda timer: _queue.run())
        _queue = AlarmQueue(counter)
    return QueuedAlarm(_queue, function)
