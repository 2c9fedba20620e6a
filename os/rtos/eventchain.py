"""An event queue whose calls another loop makes: a foreign one, or another queue's dispatcher."""

from .core import now
from .eventplace import CLOCK_MASK, NOTHING, time_left
from .eventport import Alarm


class Chained:
    """What EventQueue has of it. Contexts: as there."""

    def background(self, callback):
        """Have a foreign loop dispatch the queue: it calls dispatch_once() when it was told to.

        callback(ms): the next call is due in `ms` milliseconds, None: there is none; each time
        replaces the one before. Called now, after each post and cancellation, in that context, and
        after each dispatch; None ends that, and the old callback gets None. Context: not an ISR.
        """
        old = self._background
        self._background = None
        self.calls.set_wake(None)
        if old is not None:
            old(None)
        if callback is not None:
            self._background = callback
            self.calls.set_wake(self._wake_loop)
            self._tell()

    def _wake_foreign(self):
        self._signal.release()
        if not self._dispatched:
            self._tell()

    def _tell(self):
        place = self._timed
        ms = None if place is None else time_left(place, now())
        self._background(0 if len(self.calls) or self._stale else ms)

    def chain(self, target):
        """Have the dispatcher of another queue make the calls of this one, too.

        target: an EventQueue; takes none of its places. None: not any more. Takes the place of
        background(). Context: not an ISR.
        """
        self.background(None)
        alarm = self._chain_alarm
        if alarm is not None and not alarm.strand.stepping:
            alarm.strand.finish()
            self._chain_alarm = None
        if target is not None:
            if target is not self._target:
                self._in_target = target.calls.own()
                self._target = target
            self._chained = True
            self.background(self._tell_target)

    def _tell_target(self, ms):
        if ms == 0:
            self._post_chained()
        elif ms is None:
            self._chained = self._background is not None
        else:
            if self._chain_alarm is None:
                self._chain_alarm = Alarm(self._post_chained)
            self._chain_alarm.set((now() + ms) & CLOCK_MASK)

    def _post_chained(self):
        # False: it is there already.
        self._target.calls.post_own(self._in_target, self._in_chain, NOTHING, None, 0)

    def _serve_chained(self):
        # Somebody else who dispatches it tells when that ends.
        if not self._chained or self._dispatched:
            return None
        return self._serve(0, self._signal.acquire)
