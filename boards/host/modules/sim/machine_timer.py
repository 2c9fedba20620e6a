"""machine.Timer on the clock of the simulation, for unit tests; board host has its own."""

from . import clock


class Timer:
    """A timer. id: -1.  freq in Hz, or period in ms (or in ticks of tick_hz).

    hard: the callback runs in the interrupt handler, where nothing can be allocated.
    """

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        if id != -1:
            raise ValueError("there are virtual timers only: use Timer(-1) or Timer()")
        self._alarm = None
        self._irq = clock.Interrupt(self)
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, freq=-1, period=-1, callback=None, tick_hz=1000, hard=False):
        """Start."""
        self.deinit()
        if freq > 0:
            us = round(1_000_000 / freq)
        elif period > 0:
            us = period * 1_000_000 // tick_hz
        else:
            raise ValueError("give freq=, or period= in milliseconds, greater than 0")
        self._period_us = max(us, 1) if mode == Timer.PERIODIC else 0
        self._irq.set(callback, hard)
        self._alarm = clock.after(max(us, 1), self._expired)

    def _expired(self, _):
        alarm, self._alarm = self._alarm, None
        if self._period_us:
            self._alarm = clock.at(alarm.when_us + self._period_us, self._expired)
        self._irq.fire()

    def deinit(self):
        """Stop; the timer can be started again with init()."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._irq.set(None)
