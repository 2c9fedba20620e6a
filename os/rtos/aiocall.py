"""From threads into asyncio: aio(), and what create_task() gives a thread."""

from errno import ETIMEDOUT

from .aiopatch import patch
from .core import Waiters, lock, park, served, unlock
from .kernel import kernel


async def _follow(awaitable):
    return await awaitable


class _Call:
    """A task of asyncio for which a thread waits."""

    def __init__(self, loop, awaitable):
        self.loop = loop
        self.result = None  # StopIteration or another exception
        self._awaitable = awaitable
        self._task = None
        self._waiters = Waiters()
        loop.calls.append(self)
        loop.call(self._start, None)

    def _start(self, _):
        awaitable = self._awaitable
        if not hasattr(awaitable, "send"):
            awaitable = _follow(awaitable)
        self._task = self.loop.patches.create(awaitable)
        self._task.state = self.ended

    def ended(self, _, result):
        """asyncio calls this when the task has ended."""
        if self.result is None:
            self.result = result
            self.loop.calls.remove(self)
            self._waiters.wake()

    def cancel(self):
        self.loop.call(self._cancel, None)

    def _cancel(self, _):
        if self.result is None:
            self._task.cancel()

    def wait(self, timeout_ms):
        """Awaitable: until there is a result."""
        lock()
        try:
            return park(self._waiters, timeout_ms) if self.result is None else served()
        finally:
            unlock()


async def aio(awaitable, timeout_ms=None):
    """Have asyncio run `awaitable` and wait for it: `await rtos.aio(fetch(url))`.

    awaitable: a coroutine, a task, whatever a task of asyncio can await.
    timeout_ms: it is cancelled after that time; None: never.
    Returns what it returns, raises what it raises; OSError(ETIMEDOUT); asyncio.CancelledError if
    the task was cancelled. If the thread is terminated or its wait is cancelled, so is the task.
    Raises RuntimeError if the program has not imported asyncio. Context: thread, asyncio task.
    """
    patch()
    loop = kernel.asyncio
    if loop is None:
        raise RuntimeError("import asyncio first")
    if isinstance(awaitable, loop.patches.sleeper_class):
        raise ValueError("await rtos.sleep_ms() in a thread")
    if timeout_ms is not None and timeout_ms < 0:
        raise ValueError("a time is None for ever, or 0 to 2**30 - 1 ms")
    if loop.here():
        if timeout_ms is not None:
            raise ValueError("asyncio.wait_for_ms() in a task")
        return await awaitable
    call = _Call(loop, awaitable)
    try:
        try:
            await call.wait(timeout_ms)
        except OSError:
            call.cancel()
            await call.wait(None)
            if isinstance(call.result, loop.core.CancelledError):
                raise OSError(ETIMEDOUT) from None
    except BaseException:
        call.cancel()
        raise
    if isinstance(call.result, StopIteration):
        return call.result.value
    raise call.result


class TaskHandle:
    """What asyncio.create_task() returns outside of asyncio; for asyncio itself it is the task.

    task: asyncio's own, not to be touched by threads.
    """

    def __init__(self, loop, task):
        self.task = task
        self._loop = loop

    def __repr__(self):
        return "<TaskHandle %s>" % ("done" if self.task.done() else "pending")

    def __iter__(self):
        return iter(self.task) if self._loop.here() else aio(self.task)

    def done(self):
        """Whether the task has ended. Any context."""
        return self.task.done()

    def cancel(self):
        """Raise asyncio.CancelledError in the task. Returns False if it has ended. Any context."""
        if self._loop.here():
            return self.task.cancel()
        if self.task.done():
            return False
        self._loop.call(_cancel, self.task)
        return True


def _cancel(task):
    task.cancel()
