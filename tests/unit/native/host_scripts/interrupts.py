"""Signals as interrupts: soft and hard, over bytecode, in sleeps, masked, many at a time."""

import select
import sys
import time

import host
import machine
import micropython

counts = [0] * 4


def count(n):
    counts[n] += 1


def wait(condition, ms=2000):
    end = time.ticks_add(time.ticks_ms(), ms)
    while not condition():
        assert time.ticks_diff(end, time.ticks_ms()) > 0, counts


# A busy loop is preempted.
timer = machine.Timer(period=2, callback=lambda t: count(0))
wait(lambda: counts[0] >= 10)

# Sleeps and polls run the callbacks and keep their length.
for sleep in (
    lambda: time.sleep_ms(60),
    lambda: time.sleep(0.06),
    lambda: select.poll().poll(60),
):
    counts[0] = 0
    start = time.ticks_us()
    sleep()
    elapsed_ms = time.ticks_diff(time.ticks_us(), start) / 1000
    assert counts[0] >= 5, counts
    assert 59 < elapsed_ms < 500, elapsed_ms
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
counts[0] = 0
assert poller.poll(60) == []
assert counts[0] >= 5, counts

# An interrupt ends idle(); the callback runs right after it.
machine.idle()
counts[0] = 0
machine.lightsleep(1000)
wait(lambda: counts[0] > 0, 50)
timer.deinit()
host.trigger(0)
stopped = counts[0]
time.sleep_ms(20)
assert counts[0] == stopped

# Hard handlers run at once, with interrupts, scheduler and heap locked; masking holds them back.
order = []
room = [None] * 10


def hard(timer):
    counts[1] += 1


host.line(5, hard, None, True)
for n in range(100):
    host.trigger(5)
    assert counts[1] == n + 1
state = machine.disable_irq()
inner = machine.disable_irq()
host.trigger(5)
machine.enable_irq(inner)
assert counts[1] == 100
machine.enable_irq(state)
assert counts[1] == 101


def allocate(_):
    room[0] = [counts, counts]


host.line(6, allocate, None, True)
host.trigger(6)  # reported, switched off
assert room[0] is None
host.trigger(6)
assert room[0] is None

# A soft handler fired many times before it can run runs once, and never in a locked scheduler.
host.line(7, count, 2)


def locked(_):
    for _ in range(50):
        host.trigger(7)
    counts[3] = counts[2]


micropython.schedule(locked, None)
wait(lambda: counts[2] > 0)
time.sleep_ms(5)
assert counts[2] == 1 and counts[3] == 0, counts

# Twelve timers at different rates, none lost, no thirteenth.
ticks = [0] * 12
timers = []
for n in range(12):

    def tick(timer, n=n):
        ticks[n] += 1

    timers.append(machine.Timer(period=3 + n, callback=tick, hard=n % 2 == 0))
try:
    machine.Timer(period=5, callback=count)
    raise AssertionError
except OSError as error:
    assert error.errno == 12
wait(lambda: min(ticks) >= 3)
for timer in timers:
    timer.deinit()

# A one-shot fires once, and its line is free again.
fired = [0]


def once(timer):
    fired[0] += 1


for n in range(80):
    machine.Timer(mode=machine.Timer.ONE_SHOT, period=1, callback=once, hard=n % 2 == 0)
    wait(lambda: fired[0] == 1)
    fired[0] = 0
time.sleep_ms(5)
assert fired == [0]

for wrong in (
    lambda: machine.Timer(3, period=1),
    lambda: machine.Timer(callback=count),
    lambda: host.line(32, count),
    lambda: host.alarm(16, 1),
    lambda: host.alarm(0, -1),
):
    try:
        wrong()
        raise AssertionError
    except ValueError:
        pass
print("passed")
