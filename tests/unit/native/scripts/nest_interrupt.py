"""Low is preempted by middle, middle by high, by nothing but timer interrupts."""

import time

import _native
import machine

trace = []
ready = []
running = 0


def drain():
    global running
    while ready and ready[-1][0] > running:
        priority, name = ready.pop()
        before, running = running, priority
        try:
            _native.nest(step, name)
        finally:
            running = before


entry = _native.Drain(drain)


def arrive(priority, name):
    """An interrupt handler: what is ready is ordered, the highest priority last."""
    ready.append((priority, name))
    entry.pend()


def step(name):
    trace.append(name + "<")
    until(time.ticks_add(time.ticks_ms(), 60))
    trace.append(name + ">")


def until(end):
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        pass


middle = machine.Timer(mode=machine.Timer.ONE_SHOT, period=20, callback=lambda t: arrive(2, "M"))
high = machine.Timer(mode=machine.Timer.ONE_SHOT, period=40, callback=lambda t: arrive(3, "H"))
ready.append((1, "L"))
entry.pend()
until(time.ticks_add(time.ticks_ms(), 10))
assert trace == ["L<", "M<", "H<", "H>", "M>", "L>"], trace
print("passed")
