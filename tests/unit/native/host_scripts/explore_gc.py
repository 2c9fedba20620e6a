"""Every schedule of a small kernel, twice, with collections in between: the same trace each time."""

import gc

import _native
import host

ready = []
trace = []


def high(n):
    for k in range(2):
        trace.append(n * 10 + k)


def low(_):
    for n in range(80):
        trace.append(-n)
        garbage.append(bytes(n))
        if n % 7 == 0:
            garbage.clear()


def drain():
    while ready:
        function, argument = ready.pop()
        _native.nest(function, argument)


def interrupt(branch):
    ready.append((high, branch))
    entry.pend()


entry = _native.Drain(drain)
garbage = []


def play(n):
    trace.clear()
    ready.append((low, 0))
    host.branches(0)
    host.preempt_at(n, interrupt)
    entry.pend()
    for _ in range(5):
        pass
    return tuple(trace), host.branches(None)


_, total = play(0)
assert total >= 160, total
outcomes = [play(n) for n in range(1, total + 1)]
assert len({t for t, _ in outcomes}) >= 80  # each step of low was preempted
for n in range(1, total + 1):
    gc.collect()
    assert play(n) == outcomes[n - 1], n
print("passed")
