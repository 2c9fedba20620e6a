"""An event queue whose calls another loop makes: a foreign one, or another queue's dispatcher."""

from .core import now
from .eventplace import time_left


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

        target: an EventQueue with a free place, two at times; None: not any more. Takes the place
        of background(). Context: not an ISR.
        """
        self.background(None)
        self._target = target
        if target is not None:
            self.background(self._tell_target)

    def _tell_target(self, ms):
        target, before = self._target, self._in_target
        if ms is None:
            self._in_target = 0
        else:
            left = target.time_left(before)
            if 0 <= left <= ms:
                return
            self._in_target = target.call_in(ms, self._in_chain)
        target.cancel(before)

    def _serve_chained(self):
        self._in_target = 0
        return self._serve(0, self._signal.acquire)
