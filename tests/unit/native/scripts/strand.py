"""A Strand parks, gets what its waker left, is reused for every wait, and allocates nothing."""

import _native
import micropython
from _native import Strand, expire, park, ready, run, served, yield_

DONE, AGAIN = 0, 1


async def one(*arguments):
    return await park(*arguments)


def start(coroutine, priority=24):
    """A strand that has run to its first wait."""
    strand = Strand(coroutine, "owner", priority)
    ready(strand)
    while (result := run(0)) == AGAIN:
        expire()  # the first deadline has changed
    assert result == DONE
    return strand


def end(strand):
    """Let it run to its end; -> what it returned, or raise what it raised."""
    assert run(0) is strand
    assert strand.coroutine is None and not strand.queued and not strand.stepping
    if strand.error is not None:
        raise strand.error
    return strand.value


def raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        return error
    raise AssertionError(kind)


# Not started yet, parked, ready, ended.
thread = Strand(one(), "owner", 24)
assert repr(thread) == "<Strand 24 parked>" and thread.runs == 0
ready(thread)
assert repr(thread) == "<Strand 24 parked ready>" and thread.queued
assert run(0) == DONE
assert repr(thread) == "<Strand 24 parked>" and thread.runs == 1
ready(thread, "news")
assert end(thread) == "news" and thread.runs == 2
ready(thread)
assert run(0) == DONE  # one that has ended is never ready

# Above the floor only, the most urgent first, first come first served.
order = []


async def note(name):
    order.append(name)
    await yield_()
    order.append(name)


for priority, name in (8, "low"), (24, "a"), (24, "b"), (40, "high"):
    ready(Strand(note(name), name, priority))
ended = []
while (result := run(8)) != DONE:
    ended.append(result.owner)
assert order == ["high", "high", "a", "b", "a", "b"] and ended == ["high", "a", "b"], order
assert run(0).owner == "low" and order[-1] == "low"

# An error instead of a value: an instance, a class, an errno.
for error, kind in (OSError(5), OSError), (ValueError, ValueError), (110, OSError):
    thread = start(one())
    assert thread.cancel(error)
    raised = raises(kind, end, thread)
    assert raised is error or type(raised) is error or raised.errno == error


# Served beforehand: no parking at all.
async def at_once():
    return await served(3), await served()


thread = Strand(at_once(), None, 24)
ready(thread)
assert end(thread) == (3, None) and thread.runs == 1


# Made ready between the call and the await: served, the wake is not lost.
async def woken_early():
    place = park()
    ready(thread, "early")
    return await place


thread = Strand(woken_early(), None, 24)
ready(thread)
assert end(thread) == "early" and thread.runs == 1


# Closed while parked: in no list any more.
waiters = _native.Waiters()
for close in (lambda c: c.close(), lambda c: raises(KeyError, c.throw, KeyError("cancel"))):
    coroutine = one(waiters, 1000)
    thread = start(coroutine)
    assert waiters.first() is thread and thread.timed
    close(coroutine)
    assert len(waiters) == 0 and not thread.timed and thread.waits_for is None

# Only None resumes.
coroutine = one(waiters)
thread = start(coroutine)
assert "send(None)" in str(raises(TypeError, coroutine.send, 1))
assert len(waiters) == 0


# It belongs to its thread.
async def steal():
    await victim


victim = start(one())
thread = Strand(steal(), None, 24)
ready(thread)
assert "belongs to the thread" in str(raises(RuntimeError, end, thread))
assert "only a thread can wait" in str(raises(RuntimeError, park))


# What the kernel does not know is handed out, and the strand is not ended.
class Foreign:
    def __iter__(self):
        yield self


async def wait_for(thing):
    return await thing


foreign = Foreign()
thread = Strand(wait_for(foreign), None, 24)
ready(thread)
assert run(0) is thread
assert thread.value is foreign and thread.coroutine is not None and not thread.parked

# Two strands, a thousand rounds, no allocation.
totals = [0, 0]


async def forever(n):
    while True:
        totals[n] += await park()


async def giving_way():
    while True:
        await yield_()
        await park()


first, second, third = start(forever(0)), start(forever(1), 25), Strand(giving_way(), None, 30)


def rounds():
    for _ in range(1000):
        ready(first, 1)
        ready(second, 2)
        ready(third)
        assert run(0) == DONE


micropython.heap_lock()
rounds()
micropython.heap_unlock()
assert totals == [1000, 2000], totals
print("passed")
