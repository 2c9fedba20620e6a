"""What the cases share: starting strands, and stepping until nothing is ready."""

import sys
from errno import ETIMEDOUT

from rtos.core import Strand, expire, ready, run, set_clock

MICROPYTHON = sys.implementation.name == "micropython"
DONE, AGAIN, OVER = 0, 1, 2


class Owner:
    """The owner of a strand, which remembers how it has ended."""

    def __init__(self, name):
        self.name = name
        self.strand = None

    def __repr__(self):
        return self.name


def start(coroutine, priority=24, name="thread"):
    """A strand that is ready."""
    owner = Owner(name)
    owner.strand = strand = Strand(coroutine, owner, priority)
    ready(strand)
    return strand


def step_all():
    """Step until nothing is ready. Returns the strands that have ended, or yielded nonsense."""
    ended = []
    while True:
        result = run(0)
        if result == DONE:
            return ended
        if result == AGAIN:
            expire()
        else:
            ended.append(result)


def at(ms):
    """Set the clock and step all."""
    set_clock(ms)
    expire()
    return step_all()


def raises(kind, function, *arguments):
    """The exception of that kind which function(*arguments) raises."""
    try:
        function(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"nothing was raised, {kind.__name__} expected")


def result_of(coroutine, priority=24):
    """What a coroutine returns that never has to wait for others; raises what it raises."""
    strand = start(coroutine, priority)
    assert step_all() == [strand], "it waits"
    if strand.error is not None:
        raise strand.error
    return strand.value


def no_allocation(function):
    """Call function() with the heap locked, after a call without, to warm up."""
    function()
    if MICROPYTHON:
        import micropython

        micropython.heap_lock()
        try:
            function()
        finally:
            micropython.heap_unlock()


# ---- With the kernel around it, on a virtual clock


def run_main(main, *args):
    """rtos.run() on a virtual clock."""
    import rtos

    return rtos.run(main, *args, port=rtos.VirtualPort())


async def times_out(awaitable):
    """Await what must end with OSError(ETIMEDOUT)."""
    try:
        await awaitable
    except OSError as error:
        assert error.args[0] == ETIMEDOUT, error
    else:
        raise AssertionError("ETIMEDOUT expected")
