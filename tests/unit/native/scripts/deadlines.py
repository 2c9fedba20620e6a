"""Deadlines against a model: random waits, cancels and jumps of the clock, across all wraps."""

import random

from _native import Strand, alarm, expire, now, park, ready, run, set_clock

SEED = 7
DONE, AGAIN = 0, 1
print("seed", SEED)
random.seed(SEED)
log = []


async def sleeper(n):
    while True:
        try:
            await park(None, delays[n])
            log.append(n)
        except OSError:
            pass


def serve():
    """-> ms until the next deadline."""
    while (result := run(0)) != DONE:
        assert result == AGAIN
        expire()
    alarm()  # the last answer may have become too early, which does no harm
    return expire()


COUNT = 40
for base in (0, (1 << 29) - 300, (1 << 30) - 300, (1 << 31) - 300, (1 << 32) - 300, (1 << 33) - 9):
    clock = base
    set_clock(clock)
    delays = [random.randrange(1, 500) for _ in range(COUNT)]
    due = [clock + delay for delay in delays]
    strands = [Strand(sleeper(n), n, 24) for n in range(COUNT)]
    for strand in strands:
        ready(strand)
    left = serve()
    for _ in range(150):
        assert left == min(due) - clock, (left, min(due), clock)
        assert now() == clock & 0x3FFFFFFF
        if random.random() < 0.5:
            n = random.randrange(COUNT)
            delays[n] = random.choice((random.randrange(1, 500), (1 << 30) - 1))
            due[n] = clock + delays[n]
            assert strands[n].cancel(5)
        else:
            clock += random.choice((0, 1, left, left + random.randrange(100)))
            set_clock(clock)
            expected = sorted(n for n in range(COUNT) if due[n] <= clock)
            in_order = sorted(expected, key=lambda n: due[n])
            for n in expected:
                delays[n] = random.randrange(1, 500)
        alarm()
        left = serve()
        if log:
            assert sorted(log) == expected, (log, expected)
            # One after the other by their time, though all are late.
            assert [due[n] for n in log] == [due[n] for n in in_order], (log, in_order)
            for n in log:
                due[n] = clock + delays[n]
            log.clear()
    for strand in strands:
        strand.finish()
    alarm()
    assert expire() is None
    assert expire() is False  # the alarm is right as it is
set_clock(None)
print("passed")
