"""SoftCall: from an interrupt to a function that may take its time and allocate."""

from driverport import Alarm
from machine import disable_irq, enable_irq
from micropython import const, schedule

_RETRY_US = const(200)

# Those that found MicroPython's queue full, which holds 4 to 8 calls; the alarm tries again.
_waiting = None
_alarm = None


class SoftCall:
    """function(owner), called between two bytecodes of whatever runs, after post().

    It cannot get lost. Posted again before it was made, it is made once; `owner.missed` counts. An
    exception is printed by MicroPython, and the next post calls again.
    Context of the constructor: thread or base level.
    """

    def __init__(self, function, owner):
        global _alarm
        if not callable(function):
            raise TypeError("pass the function, not its call")
        if _alarm is None:
            _alarm = Alarm(_retry)
        self.next = None
        self.function = function
        self._owner = owner
        self._pending = False  # MicroPython has it
        self._wanted = False
        # Bound here: interrupt handlers have no heap.
        self.run = self._run
        #: post(), as a callback for interrupts: takes an argument and ignores it.
        self.post = self._post

    def cancel(self):
        """A call that waits is not made. Context: any."""
        self._wanted = False

    def _post(self, _=None):
        if self._wanted:
            self._owner.missed += 1
            return
        self._wanted = True
        if self._pending:
            return
        self._pending = True
        try:
            schedule(self.run, None)
        except RuntimeError:
            _try_later(self)

    def _run(self, _):
        self._pending = False
        if self._wanted:
            self._wanted = False
            self.function(self._owner)


def _try_later(call):
    global _waiting
    state = disable_irq()
    call.next = _waiting
    _waiting = call
    enable_irq(state)
    _alarm.start(_RETRY_US)


def _retry(alarm):
    global _waiting
    while True:
        state = disable_irq()
        call = _waiting
        if call is not None:
            _waiting = call.next
            call.next = None
        enable_irq(state)
        if call is None:
            return
        try:
            schedule(call.run, None)
        except RuntimeError:
            _try_later(call)
            return
