"""A time limit for whatever a thread awaits."""

from errno import ETIMEDOUT

from micropython import const

from .core import Strand, in_thread, park, ready, running
from .failure import Terminated

_TOP = const(55)


class _Late(BaseException):
    pass


class _Alarm:
    """The owner of the strand that ends the wait."""

    def __init__(self, victim, error, timeout_ms):
        self.victim = victim
        self.error = error
        self.strand = Strand(self._strike(timeout_ms), self, _TOP)

    async def _strike(self, timeout_ms):
        await park(None, timeout_ms)
        self.victim.cancel(self.error)

    def ended(self, strand):
        pass


async def timeout(awaitable, timeout_ms):
    """Await `awaitable`, at most `timeout_ms` milliseconds.

    Returns what it returns. Raises OSError(ETIMEDOUT) when the time is up: the await ends with an
    exception inside, so its `finally` clauses run. Context: thread.
    """
    if not in_thread():
        raise RuntimeError(
            "timeout() is for threads; for a task of asyncio: asyncio.wait_for_ms()"
        )
    error = _Late()
    strand = running().strand
    alarm = _Alarm(strand, error, timeout_ms)
    ready(alarm.strand)
    try:
        return await awaitable
    except _Late as late:
        if late is not error:
            raise
        if running().terminated:  # which came when the time was up already
            raise Terminated from None
        raise OSError(ETIMEDOUT) from None
    finally:
        alarm.strand.finish()
        strand.pardon(error)
