"""What becomes of a thread that ends with an exception."""

import sys

from micropython import const

from .core import now, park, ready
from .kernel import kernel

#: Policies of Thread(on_failure=): the thread has ended; it starts again after a while, longer each
#: time; the board restarts.
STOP = "stop"
RESTART = "restart"
RESET = "reset"
POLICIES = (STOP, RESTART, RESET)

# A restarted thread waits twice as long each time, until it has run for a minute.
_BACK_OFF_MS = const(100)
_BACK_OFF_MAX_MS = const(10_000)
_STABLE_MS = const(60_000)
_TICKS_MASK = const(0x3FFFFFFF)

_back_offs = {}  # thread -> (delay in ms, when it was restarted)


class Terminated(BaseException):
    """Raised in a thread that is terminated, where it waits. Let it pass."""


def handle(thread, error, expected):
    """Report the failure and follow the thread's policy. Returns whether the thread goes on.

    expected: somebody waits for the thread and gets the exception, so it is not printed.
    """
    if thread.on_failure == STOP:
        if not expected:
            report(thread, error)
        return False
    report(thread, error)
    if thread.on_failure == RESET:
        from .crash import record

        record(thread.name, "%s: %s" % (type(error).__name__, error))
        kernel.port.reset()
    delay_ms, since = _back_offs.get(thread, (_BACK_OFF_MS, now()))
    if (now() - since) & _TICKS_MASK > _STABLE_MS + delay_ms:
        delay_ms = _BACK_OFF_MS
    _back_offs[thread] = (min(delay_ms * 2, _BACK_OFF_MAX_MS), now())
    thread.begin(_again(thread, delay_ms))
    ready(thread.strand)
    return True


def forget(thread):
    """The thread has ended for good."""
    _back_offs.pop(thread, None)


async def _again(thread, delay_ms):
    await park(None, delay_ms)
    return await thread.work()


def report(thread, error):
    """Print what has happened, with the traceback."""
    print("%r failed:" % thread)
    sys.print_exception(error)
