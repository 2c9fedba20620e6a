"""Waiting where nobody can await: at the prompt, in plain code, in asyncio's tasks."""

from .core import in_callback, in_isr, running
from .kernel import kernel


def outside(what, name, *args):
    """An awaitable for a caller that is no thread, of `what.name(*args)`.

    The core calls this instead of waiting, and primitives in Python do.
    what: the object, or None for a function of the core.
    Raises RuntimeError in an ISR or a callback.
    """
    if in_isr() or in_callback():
        raise RuntimeError("a callback cannot wait: set a flag or release a semaphore there")
    host = running()
    if host is not None:
        return host.outside(what, name, args)
    return _later(what, name, args)


async def _later(what, name, args):
    if running() is None:
        raise RuntimeError("only threads can await: rtos.wait() does it for plain code")
    if what is None:
        import rtos.core as what
    return await getattr(what, name)(*args)


def wait(awaitable, timeout_ms=None):
    """Wait at the prompt or in plain code, while threads run: `rtos.wait(queue.get())`.

    awaitable: what a thread would await. timeout_ms: None = for ever.
    Returns what the await returns, raises what it raises; OSError(ETIMEDOUT) when the time is up;
    RuntimeError in a thread, in an ISR or a callback, and if the kernel does not run.
    """
    from .thread import Thread

    if in_isr() or in_callback() or running() is not None:
        raise RuntimeError("wait() is for the prompt and plain code: a thread uses await")
    if kernel.port is None:
        raise RuntimeError("nothing runs yet: rtos.start() first")
    thread = Thread(_await, awaitable, timeout_ms, name="wait")
    thread.reported = True
    thread.start()
    try:
        while thread.strand.coroutine is not None:
            kernel.port.idle()
    except BaseException:
        thread.terminate()
        raise
    return thread.outcome()


async def _await(awaitable, timeout_ms):
    try:
        if timeout_ms is None:
            return await awaitable
        from .timelimit import timeout

        return await timeout(awaitable, timeout_ms)
    finally:
        kernel.nudge = True
