"""The driver port's Alarm, for boards that have one counter of microseconds for all alarms."""

import sys
from time import ticks_add, ticks_diff

from machine import disable_irq, enable_irq
from micropython import const

_AHEAD_US = const(8)


class AlarmQueue:
    """Alarms in the order of their times, and the compare register that is set for the first one.

    counter: now(), microseconds that wrap as time.ticks_us() does; set(time): the interrupt comes
    when now() is that; fired(): whether it is on its way; clear(): there is nothing to come.
    The counter's interrupt calls run().
    """

    def __init__(self, counter):
        self._counter = counter
        self._first = None

    def start(self, alarm, delay_us, period_us):
        """Queue an alarm, which leaves the place that it had. Context: any."""
        counter = self._counter
        state = disable_irq()
        self._remove(alarm)
        now = counter.now()
        alarm.due = due = ticks_add(now, delay_us)
        alarm.period_us = period_us
        self._insert(alarm, now)
        if self._first is alarm and not self._arm(due):
            # The counter has passed it: it takes a later time to have an interrupt.
            ahead_us = _AHEAD_US
            while not self._arm(ticks_add(counter.now(), ahead_us)):
                ahead_us += ahead_us
        enable_irq(state)

    def stop(self, alarm):
        """Take an alarm out of the queue. Context: any."""
        state = disable_irq()
        self._remove(alarm)
        enable_irq(state)

    def run(self):
        """Call what is due, and set the compare register for what comes next. Context: the ISR."""
        counter = self._counter
        while True:
            state = disable_irq()
            alarm = self._first
            if alarm is None:
                counter.clear()
                enable_irq(state)
                return
            now = counter.now()
            if ticks_diff(alarm.due, now) > 0:
                armed = self._arm(alarm.due)
                enable_irq(state)
                if armed:
                    return
                continue
            self._remove(alarm)
            if alarm.period_us:
                # By the time when this call was due, so that nothing adds up.
                alarm.due = ticks_add(alarm.due, alarm.period_us)
                self._insert(alarm, now)
            enable_irq(state)
            alarm.ring()

    def _arm(self, due):
        """Whether the interrupt comes; False: the counter was there before."""
        counter = self._counter
        counter.set(due)
        return ticks_diff(due, counter.now()) > 0 or counter.fired()

    def _insert(self, alarm, now):
        # As seen from now: times differ by less than half the range from it, not from each other.
        left_us = ticks_diff(alarm.due, now)
        before = None
        at = self._first
        while at is not None and ticks_diff(at.due, now) <= left_us:
            before = at
            at = at.next
        alarm.next = at
        if before is None:
            self._first = alarm
        else:
            before.next = alarm

    def _remove(self, alarm):
        before = None
        at = self._first
        while at is not None:
            if at is alarm:
                if before is None:
                    self._first = at.next
                else:
                    before.next = at.next
                at.next = None
                return
            before = at
            at = at.next


class QueuedAlarm:
    """Calls function(alarm) in the interrupt: once, or with no gap between the periods."""

    def __init__(self, queue, function):
        self._queue = queue
        self._function = function
        # What the queue knows of it.
        self.due = self.period_us = 0
        self.next = None

    def start(self, delay_us, period_us=0):
        """The first call after `delay_us`, further ones every `period_us`; an alarm that runs starts
        afresh. Both 1 to 2**29 - 1, period_us also 0. Context: any, allocates nothing.
        """
        self._queue.start(self, delay_us, period_us)

    def stop(self):
        """No more calls. Context: any."""
        self._queue.stop(self)

    def ring(self):
        """For the queue. Others are due behind it, so an exception ends this alarm and no other."""
        try:
            self._function(self)
        except BaseException as error:
            self.stop()
            sys.print_exception(error)
