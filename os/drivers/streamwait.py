"""Threads that wait for a stream, each with the buffer that is to be filled or sent.

The buffer is served by whoever makes the stream go on, so that the wait ends with the result.
"""

from rtos.core import Waiters, park

# Of a place in `_places`.
_STRAND, _BUFFER, _DONE = range(3)


class StreamWaiters:
    """Those who wait for one direction of a stream; the first one is served first."""

    def __init__(self):
        self.waiters = Waiters()
        self._places = []

    def put(self, strand, buf, done=0):
        """Note the buffer for a strand that is about to wait, and how much of it is done already."""
        place = self._place(strand)
        place[_BUFFER] = buf
        place[_DONE] = done

    def _place(self, strand):
        free = None
        for place in self._places:
            if place[_STRAND] is strand:
                return place
            # Its wait has ended without being served, or it was: then it is None.
            if free is None and _is_free(place[_STRAND], self.waiters):
                free = place
        if free is None:
            free = [None, None, 0]
            self._places.append(free)
        free[_STRAND] = strand
        return free

    def park(self, timeout_ms):
        """The wait of who was put last: an awaitable of what serve() gives."""
        return park(self.waiters, timeout_ms)

    def first(self):
        """[strand, buffer, bytes done] of the first that waits, or None."""
        strand = self.waiters.first()
        if strand is None:
            return None
        for place in self._places:
            if place[_STRAND] is strand:
                return place
        return None

    def serve(self, place, value=None):
        """End the first one's wait with the value."""
        place[_STRAND] = place[_BUFFER] = None
        self.waiters.wake(value)

    def fail(self, error):
        """End all waits with the exception."""
        while self.waiters:
            self.waiters.first().error = error
            self.waiters.wake()
        self._places.clear()


def _is_free(strand, waiters):
    return strand is None or strand.waits_for is not waiters
