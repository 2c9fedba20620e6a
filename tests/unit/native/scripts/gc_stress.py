"""Nested levels, interrupts and collections at random for half a second: nothing is lost."""

import gc
import random
import time

import _native
import machine

DEEPEST = 12

random.seed(1)
work = []
deepest = 0
depth = 0
done = 0
ticks = 0


def step(data):
    global depth, deepest, done
    depth += 1
    deepest = max(deepest, depth)
    mine = [bytes([n & 0xFF]) * 20 for n in range(random.randrange(1, 30))]
    if random.random() < 0.6:
        work.append([data[-1], len(mine)])
        entry.pend()
    for n in range(random.randrange(10)):
        mine.append(str(n))
    if random.random() < 0.05:
        gc.collect()
    for n, value in enumerate(mine):
        assert len(value) == (20 if isinstance(value, bytes) else 1), (n, value)
    depth -= 1
    done += 1


def drain():
    while work and depth < DEEPEST:  # each level holds some memory
        _native.nest(step, work.pop())


entry = _native.Drain(drain)


def soft(_):
    global ticks
    ticks += 1
    if len(work) < 4:
        work.append([ticks])
    entry.pend()


def hard(_):
    entry.pend()


timers = [
    machine.Timer(period=1, callback=soft),
    machine.Timer(period=3, callback=hard, hard=True),
]
end = time.ticks_add(time.ticks_ms(), 500)
garbage = []
while time.ticks_diff(end, time.ticks_ms()) > 0:
    garbage.append([0] * random.randrange(20))
    if len(garbage) > 50:
        garbage.clear()
for timer in timers:
    timer.deinit()
assert depth == 0
assert _native.stack_left() > 8000
assert 3 <= deepest <= DEEPEST and done > 50, (deepest, done)
print("passed")
