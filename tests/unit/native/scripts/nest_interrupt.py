"""Low is preempted by middle, middle by high, by nothing but timer interrupts, soft and hard."""

import time

import _native
import machine

trace = []
ready = []
running = 0


def drain():
    global running
    while ready and ready[-1][0] > running:
        before = running
        running, name = ready.pop()
        try:
            _native.nest(step, name)
        finally:
            running = before


entry = _native.Drain(drain)
NEXT = {"L": (2, "M"), "M": (3, "H")}


def step(name):
    """Trace; an interrupt brings the next level, and this one only waits for it to end."""
    trace.append(name + "<")
    if name in NEXT:
        ready.append(NEXT[name])
        timer = machine.Timer(mode=machine.Timer.ONE_SHOT, period=3, callback=entry, hard=hard)
        end = time.ticks_add(time.ticks_ms(), 5000)
        while trace[-1] != NEXT[name][1] + ">":
            assert time.ticks_diff(end, time.ticks_ms()) > 0, trace
        timer.deinit()
    trace.append(name + ">")


for n in range(4):
    hard = n % 2 == 1
    trace.clear()
    ready.append((1, "L"))
    entry.pend()
    end = time.ticks_add(time.ticks_ms(), 5000)
    while not trace or trace[-1] != "L>":
        assert time.ticks_diff(end, time.ticks_ms()) > 0, trace
    assert trace == ["L<", "M<", "H<", "H>", "M>", "L>"], trace
print("passed")
