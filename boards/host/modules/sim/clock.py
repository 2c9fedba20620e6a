"""Simulated time in microseconds, and the interrupts of simulated hardware.

One clock is installed at a time. At first it is a VirtualClock, which stands still unless it is
advanced; board host installs one that follows the computer's (hostclock.py). The functions of this
module ask the installed one, so simulated hardware never knows which it is.
"""

import sys

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython

    def heap_lock():
        pass

    heap_unlock = heap_lock


class Alarm:
    """A call at a time; see at()."""

    def __init__(self, when_us, function, argument):
        self.when_us = when_us
        self.function = function
        self.argument = argument

    def __repr__(self):
        return f"<Alarm at {self.when_us} us>"

    def plan(self, when_us):
        """Make the call at that time, instead of when it was planned; again if it has happened."""
        _clock.plan(self, when_us)

    def cancel(self):
        """Take it back; nothing happens if it has happened already."""
        _clock.cancel(self)


_handlers = 0  # hard ones that run now


def in_handler():
    """Whether a hard handler of simulated hardware runs."""
    return _handlers > 0


class Interrupt:
    """An interrupt request of simulated hardware: fire() leads to handler(argument).

    handler: function, or None for off.  argument: what it is called with.
    hard: call it at once, heap locked, unless interrupts are masked; else between two bytecodes,
    or behind the transfer that is under way. Fired again before the handler ran, it runs once.
    lose: so many of the next requests get lost; faults.LostInterrupt sets it.
    """

    def __init__(self, argument=None):
        self.handler = None
        self.argument = argument
        self.hard = False
        self.pending = False
        self.lose = 0
        self.lost = 0

    def __repr__(self):
        how = "off" if self.handler is None else "hard" if self.hard else "soft"
        return f"<Interrupt {how}{' pending' if self.pending else ''}>"

    def set(self, handler, hard=False):
        """Set or take away the handler; a request that waits is forgotten."""
        self.pending = False
        self.handler = handler
        self.hard = hard
        _clock.enlist(self)

    def fire(self):
        """Request it."""
        if self.lose:
            self.lose -= 1
            self.lost += 1
        elif self.handler is not None:
            _clock.interrupt(self)

    def run(self):
        """Call the handler; clocks do."""
        global _handlers
        self.pending = False
        handler = self.handler
        if handler is None:
            return
        hard = self.hard
        if hard:
            _handlers += 1
            heap_lock()
        try:
            handler(self.argument)
        except Exception as error:
            failure = error
        else:
            return
        finally:
            if hard:
                heap_unlock()
                _handlers -= 1
        if hard:
            self.handler = None  # as on the boards: what fails there would fail for ever
            print("uncaught exception in an interrupt handler, which is off now")
        _print_exception(failure)


def _print_exception(error):
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


class Clock:
    """What the clocks have in common: alarms in order of time."""

    #: Whether time passes only by advance().
    virtual = False

    def __init__(self):
        self._alarms = []
        self._depth = 0
        self._soft = []

    def at(self, when_us, function, argument):
        alarm = Alarm(when_us, function, argument)
        self.plan(alarm, when_us)
        return alarm

    def plan(self, alarm, when_us):
        alarm.when_us = when_us
        self.hold()
        try:
            alarms = self._alarms
            if alarm in alarms:
                alarms.remove(alarm)
            place = len(alarms)
            while place and alarms[place - 1].when_us > when_us:
                place -= 1
            alarms.insert(place, alarm)
            self.program()
        finally:
            self.release()

    def cancel(self, alarm):
        self.hold()
        try:
            if alarm in self._alarms:
                self._alarms.remove(alarm)
                self.program()
        finally:
            self.release()

    def enlist(self, irq):
        """An interrupt got a handler, or lost it."""

    def program(self):
        """Be woken at the time of the first alarm."""

    def run_due(self, until_us):
        """Make the calls that are due until then."""
        while self._alarms and self._alarms[0].when_us <= until_us:
            alarm = self._alarms.pop(0)
            self.reach(alarm.when_us)
            alarm.function(alarm.argument)

    def reach(self, when_us):
        """It is that time; of a virtual clock."""


class VirtualClock(Clock):
    """Time that passes only by advance(), spend() and waiting; everything repeats exactly."""

    virtual = True

    def __init__(self):
        super().__init__()
        self._now_us = 0
        self._masked = False
        self._hard = []

    def __repr__(self):
        return f"<VirtualClock {self._now_us} us, {len(self._alarms)} alarms>"

    def now(self):
        return self._now_us

    def reach(self, when_us):
        self._now_us = max(self._now_us, when_us)

    def advance(self, us):
        """Let time pass; what is due meanwhile happens at its time, in order."""
        if us < 0:
            raise ValueError("time does not go backwards: give microseconds from 0 on")
        end = self._now_us + us
        self.run_due(end)
        self.reach(end)

    spend = advance

    def poll(self):
        self.run_due(self._now_us)

    def pause(self, deadline_us):
        """Wait for the next alarm, at most until the deadline."""
        if self._alarms and self._alarms[0].when_us < deadline_us:
            deadline_us = self._alarms[0].when_us
        self.advance(max(deadline_us - self._now_us, 0))

    # -- Interrupts

    def interrupt(self, irq):
        if irq.pending:
            return
        if not irq.hard:
            irq.pending = True
            self._soft.append(irq)
            self._run_soft()
        elif self._masked:
            irq.pending = True
            self._hard.append(irq)
        else:
            self._run_hard(irq)

    def mask(self, on):
        """Hold hard handlers back; returns what it was. machine.disable_irq() of unit tests."""
        before = self._masked
        self._masked = on
        while self._hard and not on:
            irq = self._hard.pop(0)
            if irq.pending:
                self._run_hard(irq)
        return before

    def hold(self):
        self._depth += 1

    def release(self):
        self._depth -= 1
        self._run_soft()

    def _run_hard(self, irq):
        self._depth += 1  # soft handlers wait until this one has returned
        try:
            irq.run()
        finally:
            self.release()

    def _run_soft(self):
        while self._soft and not self._depth:
            irq = self._soft.pop(0)
            if irq.pending:
                self._depth += 1  # callbacks do not nest
                try:
                    irq.run()
                finally:
                    self._depth -= 1


_clock = VirtualClock()


def use(clock):
    """Install a clock and return it; what was planned with the one before stays there."""
    global _clock
    _clock = clock
    return clock


def current():
    """The clock that is installed."""
    return _clock


def now():
    """The time, us."""
    return _clock.now()


def at(when_us, function, argument=None):
    """Call function(argument) at that time, in the interrupt; returns an Alarm."""
    return _clock.at(when_us, function, argument)


def after(delay_us, function, argument=None):
    """Call function(argument) so much later; returns an Alarm."""
    return _clock.at(_clock.now() + delay_us, function, argument)


def advance(us):
    """Let the virtual time pass. RuntimeError when the clock is the computer's."""
    if not _clock.virtual:
        raise RuntimeError("the clock is the computer's: use clock.use(VirtualClock()) first")
    _clock.advance(us)


def spend(us):
    """Something took that long: passes virtual time, and none of the computer's."""
    _clock.spend(us)


def poll():
    """Make the calls that are due, in case their interrupt could not come in yet."""
    _clock.poll()


def wait(condition, timeout_us):
    """Wait until condition() is true; returns whether it has become so in time."""
    end = _clock.now() + timeout_us
    while True:
        _clock.poll()
        if condition():
            return True
        if _clock.now() >= end:
            return False
        _clock.pause(end)


def hold():
    """Keep soft handlers back until release(), as a transfer in hardware does. Nests."""
    _clock.hold()


def release():
    _clock.release()
