"""Waits that end in odd ways: cancelled, doomed, forgotten, woken early or twice, locked."""

import _native
import micropython
from _native import (
    EventFlags,
    Mutex,
    Semaphore,
    Strand,
    Waiters,
    expire,
    lock,
    park,
    ready,
    run,
    served,
    set_clock,
    unlock,
    yield_,
)

DONE, AGAIN = 0, 1
log = []


def step_all():
    """Run everything that is ready; -> the strands that have ended."""
    ended = []
    while (result := run(0)) != DONE:
        if result == AGAIN:
            expire()
        else:
            ended.append(result)
    return ended


def start(coroutine, priority=24):
    strand = Strand(coroutine, "owner", priority)
    ready(strand)
    step_all()
    return strand


def raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        return error
    raise AssertionError(kind)


async def waits(method, *arguments):
    """Log what the wait returns or raises."""
    try:
        log.append(await method(*arguments))
    except (OSError, KeyError) as error:
        log.append(type(error))


def logged():
    found = log[:]
    log.clear()
    return found


# Doomed while it runs: the error comes at the next await, before that gives anything.
semaphore, flags, mutex, waiters = Semaphore(9), EventFlags(), Mutex(), Waiters()
flags.set(1)


async def doomed(method, *arguments):
    thread.cancel(KeyError)
    await waits(method, *arguments)


for method, arguments in (
    (semaphore.acquire, ()),
    (semaphore.acquire, (0,)),
    (mutex.acquire, ()),
    (flags.wait_any, (1,)),
    (park, ()),
    (park, (waiters,)),
    (park, (waiters, 0)),
    (park, (None, 1000)),
    (yield_, ()),
):
    thread = Strand(doomed(method, *arguments), None, 24)
    ready(thread)
    assert step_all() == [thread]
    assert logged() == [KeyError] and thread.error is None, (method, log)
assert semaphore.count() == 9 and flags.get() == 1 and mutex.owner is None and not waiters


# What was taken already is not lost: served() hands it over, and the error comes after it.
async def doomed_with_value():
    thread.cancel(KeyError)
    log.append(await served("item"))
    await waits(park)


thread = Strand(doomed_with_value(), None, 24)
ready(thread)
assert step_all() == [thread] and logged() == ["item", KeyError]

# Doomed between the call and the await, and then the time is up, too.
set_clock(1000)


async def doomed_late():
    place = semaphore.acquire(5)
    thread.cancel(KeyError)
    set_clock(1005)
    expire()
    try:
        await place
        log.append("acquired")
    except KeyError:
        log.append("cancelled")


semaphore = Semaphore(0)
thread = Strand(doomed_late(), None, 24)
ready(thread)
assert step_all() == [thread] and logged() == ["cancelled"]
set_clock(None)


# Cancelled before the start: not one statement runs. With an errno, too; ready or not.
async def never():
    log.append("ran")


for error, kind, early in ((KeyError, KeyError, True), (5, OSError, False)):
    thread = Strand(never(), None, 24)
    if early:
        ready(thread)
    assert thread.cancel(error) is True
    assert step_all() == [thread] and logged() == []
    assert type(thread.error) is kind and thread.value is None

# A wait that was begun and never awaited ends with its strand: later wakes are not lost on it.
semaphore = Semaphore(0)


async def forgets():
    semaphore.acquire(1000)


thread = Strand(forgets(), None, 24)
ready(thread)
assert step_all() == [thread]
assert not thread.timed and thread.waits_for is None
assert semaphore.release() and semaphore.count() == 1


# ... and is refused while the strand goes on; iterating is no awaiting.
async def forgets_and_waits():
    semaphore.acquire()
    park(waiters)
    await park()


async def iterates():
    for _ in park():
        await park()


for function in (forgets_and_waits, iterates):
    thread = Strand(function(), None, 24)
    ready(thread)
    assert step_all() == [thread]
    assert "was not awaited" in str(thread.error), thread.error
    assert not waiters and not thread.queued

# ready() before park() is remembered, with its value; other waits are not ended by it, and it
# does not outlive them.
semaphore = Semaphore(0)


async def woken_early(first):
    ready(thread, "early")
    ready(thread, "twice")
    if first is not None:
        await first()
    log.append(await park())


for first in (None, yield_, semaphore.acquire, served):
    thread = Strand(woken_early(first), None, 24)
    ready(thread)
    ended = step_all()
    if first is None:
        assert ended == [thread] and logged() == ["early"]
        continue
    if first is not yield_ and first is not served:
        assert thread.waits_for is semaphore
        semaphore.release()
        step_all()
    assert thread.parked and thread.waits_for is None and not log, (first, log)
    ready(thread, 3)
    assert step_all() == [thread] and logged() == [3]

# ready() does not take a strand away from what it waits for, nor what it was given.
for wait in ((semaphore.acquire,), (park, waiters)):
    thread = start(waits(*wait))
    ready(thread, "wrong")
    assert step_all() == [] and thread.parked
    waiters.wake("item")
    semaphore.release()
    ready(thread, "wrong")
    assert step_all() == [thread]
    assert logged() == [None if wait[0] is not park else "item"]
    while semaphore.try_acquire():
        pass


# A strand that ends, or yields something foreign, leaves no lock behind; await refuses.
async def locks(then):
    lock()
    lock()
    await then()


async def fails():
    raise ValueError


for then in (fails, park):
    thread = Strand(locks(then), None, 24)
    ready(thread)
    assert step_all() == [thread] and not _native.locked(), then
    assert isinstance(thread.error, ValueError if then is fails else RuntimeError)
lock()
assert "locked" in str(raises(RuntimeError, run, 0))
unlock()


# Closed and thrown at from outside, in every queue.
async def plainly(method, *arguments):
    await method(*arguments)


def close(coroutine):
    coroutine.close()


def throw(coroutine):
    raises(KeyError, coroutine.throw, KeyError("x"))


def gone(thread):
    return not (
        thread.parked or thread.queued or thread.timed or thread.waits_for is not None or waiters
    )


async def holds():
    await mutex.acquire()
    await park()


mutex, semaphore = Mutex(), Semaphore(0)
owner = start(holds(), 8)
for end in (close, throw):
    for wait in ((semaphore.acquire, 9), (park, waiters, 9), (mutex.acquire,), (park, None, 9)):
        coroutine = plainly(*wait)
        thread = start(coroutine)
        assert wait[0] != mutex.acquire or owner.priority == 24
        end(coroutine)
        assert gone(thread) and owner.priority == 8

    # Among the ready ones.
    coroutine = plainly(park)
    thread = start(coroutine)
    ready(thread)
    assert thread.queued
    end(coroutine)
    assert gone(thread) and step_all() == []

# Keywords and bad times.
for acquire in (Semaphore(0).acquire, Mutex().acquire):
    raises(TypeError, acquire, 1, 2)
semaphore = Semaphore(0)


async def keyword():
    for wrong in (-1, 1 << 30, 1.5, "1", True):
        raises(ValueError, semaphore.acquire, wrong)
    try:
        await semaphore.acquire(timeout_ms=0)
    except OSError as error:
        log.append(error.errno)
    await semaphore.acquire(timeout_ms=(1 << 30) - 1)


thread = start(keyword())
assert logged() == [110] and thread.timed and thread.waits_for is semaphore
semaphore.release()
assert step_all() == [thread]

# The 31 flags.
flags = EventFlags()
assert flags.set(1 << 30) == 1 << 30 and flags.set(1) == (1 << 30) + 1
for wrong in (-1, 1 << 31, 1 << 32, 1 << 40, -(1 << 40), 1 << 70):
    raises(ValueError, flags.set, wrong)
raises(TypeError, flags.set, "1")
assert flags.clear() == (1 << 30) + 1 and flags.get() == 0

# `async with` allocates nothing, nor does anything else here.
mutex, semaphore = Mutex(), Semaphore(1)


async def rounds():
    micropython.heap_lock()
    for _ in range(1000):
        async with mutex, semaphore:
            await yield_()
        await semaphore.acquire()
        semaphore.release()
        flags.set(3)
        await flags.wait_all(3)
        await served()
    micropython.heap_unlock()
    log.append("done")


thread = start(rounds())
assert logged() == ["done"], thread.error


# A callback over a thread is not the thread.
def callback(_):
    log.append(_native.running())
    for method in (mutex.try_acquire, mutex.release, mutex.acquire, semaphore.acquire, park):
        raises(RuntimeError, method)
    log.append(semaphore.try_acquire())


async def interrupted():
    await mutex.acquire()
    micropython.schedule(callback, None)
    for _ in range(10):
        pass
    log.append(mutex.owner)
    mutex.release()


thread = start(interrupted())
assert logged() == ["owner", True, "owner"], thread.error
print("passed")
