"""Switching through nest() for 1,000 rounds, three levels deep, allocates nothing."""

import time

import _native
import micropython

ROUNDS = 1000
DEPTH = 3
counts = [0] * DEPTH
refused = [0]
ready = 0
level = 0
stop = ValueError("nobody allocates this")


def step(n):
    global ready
    counts[n] += 1
    if n + 1 < DEPTH:
        ready = n + 2
        entry.pend()
        for _ in range(4):
            pass  # the branches at which the next level runs
    elif counts[n] % 2:
        raise stop


def drain():
    global ready, level
    while ready > level:
        before, level = level, ready
        try:
            _native.nest(step, level - 1)
        except ValueError:
            refused[0] += 1
        level = before
        if ready > level:
            ready = level


entry = _native.Drain(drain)


def rounds():
    global ready
    for _ in range(ROUNDS):
        ready = 1
        entry.pend()
        for _ in range(4):
            pass


micropython.heap_lock()
rounds()
micropython.heap_unlock()
assert counts == [ROUNDS] * DEPTH, counts
assert refused == [ROUNDS // 2], refused


# What a nested function allocates there fails, and nothing else does.
def greedy(n):
    return [n] * 100


results = []


def greedy_drain():
    micropython.heap_lock()
    error = None
    try:
        _native.nest(greedy, 1)
    except MemoryError as raised:
        error = raised
    left = micropython.heap_unlock()
    results.append((type(error), left, len(_native.nest(greedy, 1))))


_native.Drain(greedy_drain).pend()
time.sleep_ms(0)
for _ in range(4):
    pass
assert results == [(MemoryError, 0, 100)], results
print("passed")
