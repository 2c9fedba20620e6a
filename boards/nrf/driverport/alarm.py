"""Alarm: over TIMER3, which counts microseconds for all alarms.

The port calls what machine.Timer was given straight from its interrupt handler: the heap is not
locked, so an allocation could destroy it; nothing catches an exception; and at each branch a scheduled
call may run, at interrupt level. So what it calls is _raw(), which has no branch and only schedules:
alarms ring between two bytecodes of whatever runs, not in the interrupt.

machine.Timer is there for the interrupt and its handler. It counts 24 bits; registers give it 30, as
time.ticks_us() has. Registers: nRF52840 PS 6.30.5.
"""

from alarmqueue import AlarmQueue, QueuedAlarm
from machine import Timer, mem32
from micropython import const, heap_lock, heap_unlock, schedule

_TIMER = const(3)  # 0 is a SoftDevice's, 1 that of PWM by software
_CAPTURE1 = const(0x4001A044)
_COMPARED2 = const(0x4001A148)
_INTENSET = const(0x4001A304)
_INTENCLR = const(0x4001A308)
_BITMODE = const(0x4001A508)
_CC1 = const(0x4001A544)
_CC2 = const(0x4001A548)
_INT_COMPARE2 = const(1 << 18)
_BITS_32 = const(3)
_MASK = const(0x3FFFFFFF)
_BACK_US = const(0x40000000 - 1000)

_queue = None
_posted = bytearray(1)  # whether _run() is scheduled


class _Counter:
    """CC[0] ends the count at 2**30, CC[1] takes it, CC[2] is what alarms are set by."""

    def __init__(self):
        timer = Timer(_TIMER, period=_MASK + 1, mode=Timer.PERIODIC, callback=_raw)
        mem32[_BITMODE] = _BITS_32
        timer.start()

    def now(self):
        mem32[_CAPTURE1] = 1
        return mem32[_CC1]

    def set(self, time):
        mem32[_CC2] = time
        mem32[_INTENSET] = _INT_COMPARE2

    def fired(self):
        return mem32[_COMPARED2] or _posted[0]

    def clear(self):
        mem32[_INTENCLR] = _INT_COMPARE2


def _nothing(function, argument):
    pass


_POST = (schedule, _nothing)


def _raw(timer):
    # Without a branch. If the queue of MicroPython is full, the next try is in a millisecond.
    heap_lock()
    try:
        mem32[_CAPTURE1] = 1
        # That much later, modulo 2**30, by numbers that take no heap.
        mem32[_CC2] = mem32[_CC1] - _BACK_US & _MASK
        _POST[_posted[0]](_run, None)
        _posted[0] = 1
    finally:
        heap_unlock()
        return  # noqa: B012 - an exception would unwind what was interrupted


def _run(_):
    _posted[0] = 0
    _queue.run()


def Alarm(function):
    """An alarm that calls function(alarm) as a scheduled call."""
    global _queue
    if _queue is None:
        _queue = AlarmQueue(_Counter())
    return QueuedAlarm(_queue, function)
