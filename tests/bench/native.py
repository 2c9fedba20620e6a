"""The native module's calls; README of boards/native quotes these figures."""

import _native
import micropython


def in_strands(*coroutines):
    """Run coroutines as strands until all have ended."""
    for coroutine in coroutines:
        _native.ready(_native.Strand(coroutine, None, 24))
    for _ in coroutines:
        _native.run(0)


async def parks():
    while True:
        await _native.park()


def park_and_wake(rounds):
    """ready(strand), and run() steps it from one park() to the next."""
    ready, run = _native.ready, _native.run
    strand = _native.Strand(parks(), None, 24)
    for _ in range(rounds):
        ready(strand)
        run(0)


async def yields(rounds):
    give_way = _native.yield_
    for _ in range(rounds):
        await give_way()


def switch(rounds):
    """Two strands take turns: a round is one switch from one to the other."""
    in_strands(yields(rounds // 2), yields(rounds // 2))


async def takes(lock, rounds):
    for _ in range(rounds):
        await lock.acquire()
        lock.release()


def semaphore(rounds):
    """acquire() and release() of a semaphore that is free."""
    in_strands(takes(_native.Semaphore(1), rounds))


def mutex(rounds):
    """acquire() and release() of a mutex that is free."""
    in_strands(takes(_native.Mutex(), rounds))


async def waits(flags):
    while True:
        await flags.wait_any(1)


def flags(rounds):
    """set() to the next wait of the strand that waited."""
    event = _native.EventFlags()
    _native.ready(_native.Strand(waits(event), None, 24))
    run = _native.run
    run(0)
    for _ in range(rounds):
        event.set(1)
        run(0)


def take_note(a, b):
    pass


def post_and_enter(rounds):
    """post(), and enter() calls what was posted."""
    post, enter = _native.post, _native.enter
    for _ in range(rounds):
        post(take_note, 1)
        enter(0)


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


measure("native.await", park_and_wake, empty_loop)
measure("native.switch", switch, empty_loop)
measure("native.semaphore", semaphore, empty_loop)
measure("native.mutex", mutex, empty_loop)
measure("native.flags", flags, empty_loop)
measure("native.post_and_enter", post_and_enter, empty_loop)
measure("native.nest", nest_in_drain, empty_loop)
measure("native.pend_and_drain", pend_and_drain, empty_loop)
measure("native.schedule_and_run", schedule_and_run, empty_loop)
measure("native.trace", trace, empty_loop)
measure("native.cycles", cycles, empty_loop)
