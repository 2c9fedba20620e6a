"""preempt_at() names each place where a program can be preempted, the same one in every run."""

import _native
import host
import micropython

shared = [0]


def scenario():
    """Two steps that are not atomic, between branches."""
    for _ in range(2):
        value = shared[0]
        if value >= 0:
            value += 1
        shared[0] = value


def intrude(branch):
    shared[0] += 10


def play(n, callback=intrude, hard=False):
    """Run the scenario with the intrusion at branch n -> result, branches."""
    shared[0] = 0
    host.branches(0)
    if n:
        host.preempt_at(n, callback, hard)
    scenario()
    branches = host.branches(None)
    host.preempt_at(0)
    return shared[0], branches


# Without a preemption the count is the same each time.
result, total = play(0)
assert result == 2 and total > 3, (result, total)
assert {play(0) for _ in range(50)} == {(2, total)}

# All schedules: the intrusion is lost at some of them, kept at others, and each run repeats.
outcomes = [play(n)[0] for n in range(1, total + 1)]
assert set(outcomes) == {2, 12}, outcomes
for _ in range(20):
    assert [play(n)[0] for n in range(1, total + 1)] == outcomes

# As an interrupt handler at the very same places.
assert [play(n, hard=True)[0] for n in range(1, total + 1)] == outcomes

# A Drain, pended by an interrupt, runs at that branch too and may nest.
nested = _native.Drain(lambda: _native.nest(intrude, 0))
assert [play(n, nested, True)[0] for n in range(1, total + 1)] == outcomes

# A callback plans the next preemption: branches inside callbacks are no places for one.
places = []


def again(branch):
    places.append(branch)
    for _ in range(100):
        pass
    host.preempt_at(1, again)


host.branches(0)
host.preempt_at(1, again)
for _ in range(5):
    pass
host.branches(None)
host.preempt_at(0)
assert places == list(range(1, len(places) + 1)) and len(places) >= 5, places

# A full queue delays it by a branch and loses nothing.
late = []


def plan(branch):
    for _ in range(8):
        micropython.schedule(late.append, "queued")


def fill(_):
    try:
        while True:
            micropython.schedule(late.append, "queued")
    except RuntimeError:
        pass


micropython.schedule(fill, None)
host.preempt_at(2, late.append)
for _ in range(30):
    pass
assert late.count("queued") >= 7 and len([x for x in late if x != "queued"]) == 1, late

for wrong in (lambda: host.preempt_at(-1, intrude), lambda: host.preempt_at(1)):
    try:
        wrong()
        raise AssertionError
    except (ValueError, TypeError) as error:
        assert "preempt_at(n" in str(error)
print("passed")
