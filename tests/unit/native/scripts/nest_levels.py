"""Six levels on one C stack: each is preempted by the next and goes on when that has ended."""

import _native

LEVELS = 6
NAMES = "abcdef"
trace = []
work = []


def spin():
    for _ in range(5):
        pass  # the branches at which a callback runs


def drain():
    while work:
        _native.nest(work.pop(), None)


entry = _native.Drain(drain)


def level(n):
    def run(argument):
        assert argument is None
        trace.append(NAMES[n] + "<")
        if n + 1 < LEVELS:
            work.append(level(n + 1))
            assert entry.pend()
            spin()
        trace.append(NAMES[n] + ">")

    return run


for _ in range(20):
    trace.clear()
    work.append(level(0))
    entry.pend()
    spin()
    opened = [NAMES[n] + "<" for n in range(LEVELS)]
    assert trace == opened + [NAMES[n] + ">" for n in reversed(range(LEVELS))], trace
print("passed")
