"""Condition: threads wait, with a mutex released meanwhile, until others say that something changed."""

from errno import ETIMEDOUT

from micropython import const

from .core import Waiters, in_thread, lock, now, park, running, unlock
from .outside import outside

_TICKS_MASK = const(0x3FFFFFFF)


class Condition:
    """A condition variable; mbed's ConditionVariable, with asyncio.Condition's verbs.

    mutex: what protects the state that the condition is about.

        async with mutex:
            await condition.wait_for(lambda: len(items) > 0)
            item = items.pop()

    Waiting allocates the coroutine of one call: what is to be done after the wait, acquiring the
    mutex again, needs a place in Python.
    """

    def __init__(self, mutex):
        self._mutex = mutex
        self._waiters = Waiters()

    def __repr__(self):
        return "<Condition %d waiting, of %r>" % (len(self._waiters), self._mutex)

    def wait(self, timeout_ms=None):
        """Release the mutex, wait for notify(), acquire the mutex again. Awaitable of None.

        The mutex is the caller's again whatever happens: also after a time-out, and when the thread
        is terminated; so wait() may take longer than timeout_ms. What the caller waits for may have
        changed back meanwhile: test it again, or use wait_for().
        timeout_ms: None = for ever, 0 = only let others have the mutex.
        Raises OSError(ETIMEDOUT); RuntimeError unless the caller holds the mutex exactly once.
        Context: thread.
        """
        if not in_thread():
            return outside(self, "wait", timeout_ms)
        return self._wait(timeout_ms)

    async def _wait(self, timeout_ms):
        mutex = self._mutex
        waiting = self._begin(timeout_ms)
        error = None
        notified = False
        try:
            await waiting
            notified = True
        except GeneratorExit:
            raise
        except BaseException as caught:
            error = caught
        while True:
            try:
                await mutex.acquire()
                break
            except GeneratorExit:
                raise
            except BaseException as caught:
                error = caught
        if error is not None:
            if notified:
                self._waiters.wake()  # who is terminated has no use for it: another may
            raise error

    def _begin(self, timeout_ms):
        """Start to wait, release the mutex: nobody can notify in between."""
        mutex = self._mutex
        lock()
        try:
            waiting = park(self._waiters, timeout_ms)
            try:
                mutex.release()
                if mutex.owner is running():
                    mutex.try_acquire()
                    raise RuntimeError("wait() needs the mutex held once, it is held more often")
            except BaseException:
                running().strand.close()
                raise
        finally:
            unlock()
        return waiting

    async def wait_for(self, predicate, timeout_ms=None):
        """Wait until predicate() is true; it is called with the mutex held. Returns its value.

        timeout_ms: for all of it; None = for ever. Raises OSError(ETIMEDOUT) if it is false then,
        RuntimeError as wait(). Context: thread.
        """
        start = now()
        value = predicate()
        while not value:
            left_ms = timeout_ms
            if timeout_ms is not None:
                left_ms = max(0, timeout_ms - ((now() - start) & _TICKS_MASK))
            try:
                await self.wait(left_ms)
            except OSError as error:
                if error.errno != ETIMEDOUT:
                    raise
                value = predicate()
                if not value:
                    raise
                break
            value = predicate()
        return value

    def notify(self, n=1):
        """Wake up to `n` of those who wait, the most urgent first. They go on when the mutex is free.

        Raises RuntimeError unless the caller holds the mutex. Context: thread.
        """
        owner = self._mutex.owner
        # A mutex of asyncio tasks is owned by what stands for them, not by the thread asyncio.
        if owner is None or running() is None or (in_thread() and owner is not running()):
            raise RuntimeError("notify() needs the mutex: `async with mutex:` around it")
        while n > 0 and self._waiters:
            self._waiters.wake()
            n -= 1

    def notify_all(self):
        """Wake all who wait. As notify()."""
        self.notify(len(self._waiters))
