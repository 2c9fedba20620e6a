"""Timers at 10 kHz over allocation, collection, files and output: nothing breaks or stops."""

import gc
import time

import host
import machine

hard_count = 0
soft_count = 0


def hard(timer):
    global hard_count
    hard_count += 1


def soft(timer):
    global soft_count
    soft_count += 1
    garbage.append([soft_count] * 5)


timers = [machine.Timer(freq=10_000, callback=hard, hard=True) for _ in range(3)]
timers += [machine.Timer(freq=10_000, callback=soft) for _ in range(2)]
garbage = []
rounds = 0
while hard_count < 3000 or soft_count < 1000:
    rounds += 1
    garbage.append([bytes(rounds % 50) for _ in range(20)])
    if rounds % 30 == 0:
        garbage.clear()
        gc.collect()
        print("round", rounds)
    with open("/flash/storm", "w") as file:
        file.write(str(rounds) * 100)
    with open("/flash/storm") as file:
        assert file.read() == str(rounds) * 100
for timer in timers:
    timer.deinit()

# Sleeps keep their length: an interrupt does not cut them short.
timer = machine.Timer(freq=1000, callback=hard, hard=True)
for sleep, argument, least_us in (
    (time.sleep_us, 30_000, 30_000),
    (time.sleep_us, 700, 700),
    (time.sleep_ms, 30, 30_000),
    (time.sleep, 0.03, 30_000),
):
    start = time.ticks_us()
    sleep(argument)
    assert time.ticks_diff(time.ticks_us(), start) >= least_us, (sleep, argument)
timer.deinit()
for wrong in ({"period": 0}, {"period": -1}, {"freq": 0}):
    try:
        machine.Timer(callback=hard, **wrong)
        raise AssertionError
    except ValueError as error:
        assert "greater than 0" in str(error)
for wrong in (lambda: machine.Timer(freq=1_000_000), lambda: host.alarm(0, 1, 49)):
    try:
        wrong()
        raise AssertionError
    except ValueError as error:
        assert "50 us" in str(error)
timer = machine.Timer(mode=machine.Timer.ONE_SHOT, freq=1_000_000, callback=hard)
timer.deinit()
print("passed")
