"""The clock of the simulation on board host: the computer's time, and real interrupts."""

import time

import host
from micropython import const

from . import clock

# Interrupt lines that are the simulation's; machine.Timer has those below.
_SOFT_LINE = const(12)
_HARD_LINE = const(13)
_ALARM_LINE = const(14)
#: Longest sleep of pause(): what it waits for may come in by another way than an alarm.
_PAUSE_US = const(1000)


class HostClock(clock.Clock):
    """Follows time.ticks_us(). Alarms come in as soft interrupts, or when someone polls."""

    def __init__(self):
        super().__init__()
        self._interrupts = []
        host.line(_SOFT_LINE, self._dispatch, False)
        host.line(_HARD_LINE, self._dispatch, True, True)
        host.line(_ALARM_LINE, self._alarm)

    def __repr__(self):
        return f"<HostClock {self.now()} us, {len(self._alarms)} alarms>"

    def now(self):
        return time.ticks_us()

    def program(self):
        if self._alarms:
            host.alarm(_ALARM_LINE, max(self._alarms[0].when_us - time.ticks_us(), 1))
        else:
            host.alarm(_ALARM_LINE)

    def _alarm(self, _):
        self.poll()
        self.program()

    def poll(self):
        if self._alarms:
            host.hold(True)
            try:
                self.run_due(time.ticks_us())
            finally:
                host.hold(False)

    def spend(self, us):
        """Nothing: a simulated transfer takes the time that the computer needs for it."""

    def pause(self, deadline_us):
        if self._alarms and self._alarms[0].when_us < deadline_us:
            deadline_us = self._alarms[0].when_us
        time.sleep_us(max(min(deadline_us - time.ticks_us(), _PAUSE_US), 0))

    def enlist(self, irq):
        # Another list: the one before may be in use by _dispatch(), which interrupts this.
        others = [each for each in self._interrupts if each is not irq]
        self._interrupts = others if irq.handler is None else others + [irq]

    def interrupt(self, irq):
        irq.pending = True
        host.trigger(_HARD_LINE if irq.hard else _SOFT_LINE)

    def _dispatch(self, hard):
        for irq in self._interrupts:
            if irq.pending and irq.hard == hard:
                irq.run()

    def hold(self):
        host.hold(True)

    def release(self):
        host.hold(False)
