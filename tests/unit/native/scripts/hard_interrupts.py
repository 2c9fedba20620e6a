"""A hard interrupt handler at 10 kHz feeds strands in every way: nothing is lost, order is kept."""

import time

import _native
import machine
from _native import (
    Drain,
    EventFlags,
    Mutex,
    Semaphore,
    Strand,
    Waiters,
    configure,
    enter,
    expire,
    lock,
    nest,
    park,
    post,
    ready,
    run,
    unlock,
    yield_,
)

EVENTS = 2500
DONE, AGAIN = 0, 1
levels = 0
deepest = 0
failed = []


def handler(_):
    """Called in the interrupt."""
    global fired, missed
    if fired == EVENTS:
        return
    fired += 1
    semaphore.release()
    flags.set(1 << fired % 4)
    post(take_post, fired)
    ready(watcher)
    if waiters.wake(fired) is None:
        missed += 1


def take_post(number, _):
    posted.append(number)  # in the drain


async def take_semaphore():
    global acquired
    while True:
        await semaphore.acquire()
        acquired += 1
        mine = [acquired] * 9  # the heap is never locked here
        assert sum(mine) == acquired * 9


async def take_flags():
    """Some of these waits time out in the moment that the flag comes."""
    n = 0
    while True:
        n += 1
        try:
            await flags.wait_any(1 << n % 4, True, 1)
        except OSError as error:
            assert error.errno == 110


async def watch():
    """The pattern for a condition that a handler changes: look, then park."""
    global watched
    while True:
        while watched == fired:
            await park()
        watched = fired


async def work(n):
    while True:
        async with mutex:
            for k in range(30):
                str(k)
            await yield_()
        await park(None, 1)


async def wait():
    """A wake is given to one that waits, also in the moment that its time is up, or to none."""
    global woken
    before = 0
    while True:
        try:
            number = await park(waiters, 2)
        except OSError:
            continue
        assert before < number <= fired, (before, number)
        before = number
        woken += 1


def attend(result):
    if result == AGAIN:
        lock()  # keeps drains from doing the same on top
        expire()
        unlock()
    else:
        failed.append(result.error)


def drain():
    global levels, deepest
    if enter(4000):
        levels += 1
        deepest = max(deepest, levels)
        while (result := nest(run, 0)) != DONE:
            nest(attend, result)
        levels -= 1


def wait_until(condition):
    end = time.ticks_add(time.ticks_ms(), 30000)
    while not condition() and not failed:
        if foreground:
            while (result := run(0)) != DONE:
                attend(result)
        assert len([fired] * 9) == 9
        assert time.ticks_diff(end, time.ticks_ms()) > 0, (fired, watched, acquired, woken)


def all_fired():
    return fired == EVENTS


def all_served():
    return acquired == watched == EVENTS and len(posted) + _native.posts_lost() - lost == EVENTS


for foreground in (False, True):
    semaphore, flags, waiters, mutex = Semaphore(), EventFlags(), Waiters(), Mutex()
    fired = missed = acquired = watched = woken = 0
    posted = []
    lost = _native.posts_lost()
    configure(drain=Drain(drain))
    watcher = Strand(watch(), "watcher", 48)
    strands = [watcher]
    for coroutine, priority in (
        (take_semaphore(), 24),
        (take_flags(), 30),
        (wait(), 40),
        (work(0), 8),
        (work(1), 9),
    ):
        strands.append(Strand(coroutine, "strand", priority))
    for strand in strands:
        ready(strand)
    alarm = machine.Timer(freq=1000, callback=_native.alarm, hard=True)
    timer = machine.Timer(freq=10000, callback=handler, hard=True)
    wait_until(all_fired)
    timer.deinit()
    wait_until(all_served)
    alarm.deinit()
    assert not failed, failed
    assert deepest <= 2 * len(strands), deepest
    lost = _native.posts_lost() - lost
    assert len(posted) + lost == EVENTS and posted == sorted(posted), (len(posted), lost)
    assert acquired == EVENTS and semaphore.count() == 0
    assert woken + missed == EVENTS, (woken, missed)
    print("foreground" if foreground else "background", woken, missed, lost, deepest)
    configure()
    for strand in strands:
        strand.finish()
        _native.abandon(strand)
assert levels == 0
print("passed")
