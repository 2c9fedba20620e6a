"""The native module's calls; README of boards/native quotes these figures."""

import _native
import micropython

place = _native.Awaitable()


async def waiter():
    while True:
        await place


def park(rounds):
    """Like vm.generator_step, with an await inside: the difference is what the await costs."""
    send = waiter().send
    for _ in range(rounds):
        send(None)


def nothing(_):
    pass


def nest_in_drain(rounds):
    done = []

    def drain():
        nest = _native.nest
        for _ in range(rounds):
            nest(nothing, None)
        done.append(True)

    _native.Drain(drain).pend()
    while not done:
        pass


def pend_and_drain(rounds):
    """An empty drain, pended and run at the next branch."""
    pend = _native.Drain(lambda: None).pend
    for _ in range(rounds):
        pend()


def schedule_and_run(rounds):
    """The same with MicroPython's own call, to compare."""
    schedule = micropython.schedule
    for _ in range(rounds):
        schedule(nothing, None)


def trace(rounds):
    record = _native.trace
    _native.trace_start(bytearray(1200))
    for _ in range(rounds):
        record(1, 2)
    _native.trace_stop()


def cycles(rounds):
    read = _native.cycles
    for _ in range(rounds):
        read()


measure("native.await", park, empty_loop)
measure("native.nest", nest_in_drain, empty_loop)
measure("native.pend_and_drain", pend_and_drain, empty_loop)
measure("native.schedule_and_run", schedule_and_run, empty_loop)
measure("native.trace", trace, empty_loop)
measure("native.cycles", cycles, empty_loop)
