"""The kernel's drain comes without a further event: MicroPython's queue full, kernel locked, posts."""

import _native
import micropython
from _native import (
    Drain,
    Strand,
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
)

DONE, AGAIN = 0, 1
log = []
deepest = 0
level = 0


def serve(_=None):
    global level, deepest
    level += 1
    deepest = max(deepest, level)
    while (result := run(0)) != DONE:
        if result == AGAIN:
            expire()
    level -= 1


def drain():
    try:
        if enter(1000):
            nest(serve, None)
    except ValueError as error:
        log.append(error.args[0])


configure(drain=Drain(drain))


spare = Drain(lambda: log.append("spare"))


def fill():
    """Fill MicroPython's queue: no branch, at which a callback ran."""
    queue = micropython.schedule
    append = log.append
    queue(append, 0)
    queue(append, 1)
    queue(append, 2)
    queue(append, 3)
    queue(append, 4)
    queue(append, 5)
    queue(append, 6)
    queue(append, 7)


def fill_and(action, *arguments):
    fill()
    action(*arguments)
    spin()


async def note(text):
    log.append(text)


def spin(n=40):
    for _ in range(n):
        pass


# The queue holds so many.
try:
    fill_and(micropython.schedule, log.append, 8)
    raise AssertionError
except RuntimeError:
    spin()

# It is full when the strand gets ready: no other event will come.
for _ in range(3):
    log.clear()
    fill_and(ready, Strand(note("strand"), None, 24))
    assert log == list(range(8)) + ["strand"], log


# Full for more than one drain, and for a callback after them.
def pend_all(strand):
    assert spare.pend()
    ready(strand)
    spare.pend()
    assert spare()


for _ in range(3):
    log.clear()
    fill_and(pend_all, Strand(note("strand"), None, 24))
    assert log == list(range(8)) + ["spare", "strand"], log

# The callback that shares its place with a drain may raise.
log.clear()
micropython.schedule(log.append, None)


def full_of_errors(strand):
    queue = micropython.schedule
    queue(len, 0)
    queue(len, 1)
    queue(len, 2)
    queue(len, 3)
    queue(len, 4)
    queue(len, 5)
    queue(len, 6)
    queue(len, 7)
    ready(strand)
    spin()


spin()
full_of_errors(Strand(note("strand"), None, 24))
assert log == [None, "strand"], log

# Full at the unlock.
log.clear()
lock()
ready(Strand(note("strand"), None, 24))
spin()
assert log == []
fill_and(unlock)
assert log == list(range(8)) + ["strand"], log

# A drain that finds the kernel locked comes back.
log.clear()
ready(Strand(note("strand"), None, 24))
lock()
unlock()
spin()
assert log == ["strand"]

# A posted call that raises keeps neither the other posts nor the strands waiting.
log.clear()


def fail(a, b):
    raise ValueError(a)


lock()
ready(Strand(note("strand"), None, 24))
for n in range(4):
    post(fail if n in (1, 2) else lambda a, b: log.append(a), n)
unlock()
spin()
assert log == [0, 1, 2, 3, "strand"], log

# 64 posts fit, the others are counted.
log.clear()
lock()
assert [post(lambda a, b: log.append((a, b)), n, -n) for n in range(70)] == [True] * 64 + [
    False
] * 6
unlock()
spin()
assert log == [(n, -n) for n in range(64)] and _native.posts_lost() == 6

# Two strands that wake one another in turns do not climb up the stack.
log.clear()
deepest = 0
ROUNDS = 300


async def ping(priority):
    for n in range(ROUNDS):
        ready(players[1 - priority % 2], n)
        await park()
    log.append(priority)


players = [Strand(ping(40), None, 40), Strand(ping(41), None, 41)]
ready(players[0])
for _ in range(50 * ROUNDS):
    if len(log) == 2:
        break
assert sorted(log) == [40, 41] or log, log
assert deepest <= 3, deepest
print("passed")
