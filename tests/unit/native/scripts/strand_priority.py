"""Priorities: inheritance along chains and rings, and what a lowered one lets in at once."""

import _native
from _native import Drain, Mutex, Strand, configure, enter, expire, nest, park, ready, run

DONE, AGAIN = 0, 1
log = []


def serve(_=None):
    while (result := run(0)) != DONE:
        if result == AGAIN:
            expire()
        elif result.error is not None:
            raise result.error


def start(coroutine, priority):
    strand = Strand(coroutine, "owner", priority)
    ready(strand)
    serve()
    return strand


async def holds(own, other=None):
    async with own:
        if other is not None:
            async with other:
                log.append("both")
        await park()


async def wants(mutex, timeout_ms=None):
    try:
        async with mutex:
            pass
    except OSError as error:
        log.append(error.errno)


# A chain longer than the C stack could follow one call for each.
LENGTH = 400
mutexes = [Mutex() for _ in range(LENGTH)]
chain = []
for n in range(LENGTH):
    chain.append(start(holds(mutexes[n], mutexes[n - 1] if n else None), 10))
assert {strand.priority for strand in chain} == {10}
last = start(wants(mutexes[-1]), 50)
assert {strand.priority for strand in chain} == {50}
last.set_priority(5)
assert {strand.priority for strand in chain} == {10}
last.set_priority(30)
assert {strand.priority for strand in chain} == {30}
last.cancel(5)
serve()
assert {strand.priority for strand in chain} == {10} and log == [5]
log.clear()
for strand in chain:
    ready(strand)
    serve()
assert log == ["both"] * (LENGTH - 1)
log.clear()

# A ring: nobody can go on, but nothing hangs, either.
first, second = Mutex(), Mutex()


async def crosswise(one, other):
    await one.acquire()
    await park()
    await other.acquire()


ring = [start(crosswise(first, second), 10), start(crosswise(second, first), 20)]
for strand in ring:
    ready(strand)
serve()
assert [strand.priority for strand in ring] == [20, 20]
outer = start(wants(first), 40)
assert [strand.priority for strand in ring] == [40, 40]
outer.cancel(5)
serve()
for strand in ring:
    strand.cancel(KeyboardInterrupt)
    try:
        serve()
    except KeyboardInterrupt:
        _native.abandon(strand)
assert log == [5]
log.clear()


async def both(pair, order):
    await pair[0].acquire()
    await pair[1].acquire()
    await park()
    for n in (order, 1 - order):
        pair[n].release()
        log.append(strand.priority)


# Two mutexes, released in any order, keep what the other needs.
for order in (0, 1):
    pair = Mutex(), Mutex()
    strand = start(both(pair, order), 8)
    start(wants(pair[0]), 24)
    start(wants(pair[1]), 40)
    assert strand.priority == 40
    ready(strand)
    serve()
    assert log == [40 if order == 0 else 24, 8], log
    log.clear()


# With preemption: who waits for a mutex runs the moment that it is released, also if its owner's
# step has begun with the priority that it inherited.
def drain():
    if enter(1000):
        nest(serve, None)


configure(drain=Drain(drain))
mutex = Mutex()


def spin():
    for _ in range(20):
        pass


async def low():
    await mutex.acquire()
    await park()
    log.append(("low", strand.priority))
    ready(middle)
    spin()
    log.append("release")
    mutex.release()
    spin()
    log.append(("low", strand.priority))


async def high():
    async with mutex:
        log.append("high")


async def between():
    await park()
    log.append("middle")


strand = start(low(), 8)
middle = start(between(), 16)
waiting = Strand(high(), "high", 40)
ready(waiting)
spin()
assert strand.priority == 40
ready(strand)
spin()
assert log == [("low", 40), "release", "high", "middle", ("low", 8)], log
log.clear()


# A thread that lowers itself.
async def lowers():
    ready(other)
    spin()
    log.append("still first")
    strand.set_priority(8)
    spin()
    log.append("last")


async def note():
    log.append("other")


strand = Strand(lowers(), None, 40)
other = Strand(note(), None, 24)
ready(strand)
spin()
assert log == ["still first", "other", "last"], log
print("passed")
