"""Sleeps and time-outs across the places where the clock wraps; LOCKED: with the heap locked.

The clock stands still but for the driver, which moves it a millisecond at a time.
"""

import gc

import micropython
import rtos
from rtos.core import alarm, budget, set_clock

STEPS = 200
PERIODS = 1, 7, 10

counts = [0] * len(PERIODS)
never = rtos.Semaphore()
timed_out = [0]


async def sleeps(i):
    while True:
        await rtos.sleep_ms(PERIODS[i])
        counts[i] += 1


async def times_out():
    while True:
        try:
            await never.acquire(10)
        except OSError:
            timed_out[0] += 1


async def main():
    for wrap in (1 << 29, 1 << 30, 1 << 31, 1 << 32):
        moments = [wrap - STEPS // 2 + n & 0xFFFFFFFF for n in range(STEPS + 1)]
        set_clock(moments[0])
        threads = [rtos.Thread(sleeps, i).start() for i in range(len(PERIODS))]
        threads.append(rtos.Thread(times_out).start())
        await rtos.yield_()
        await rtos.yield_()
        for i in range(len(PERIODS)):
            counts[i] = 0
        timed_out[0] = 0
        gc.collect()
        if LOCKED:
            micropython.heap_lock()
        for n in range(STEPS):
            set_clock(moments[n + 1])
            alarm()
            await rtos.yield_()
            await rtos.yield_()
        if LOCKED:
            micropython.heap_unlock()
        found = counts + timed_out
        for thread in threads:
            thread.terminate()
            await thread.join()
        expected = [STEPS // period for period in PERIODS] + [STEPS // 10]
        assert found == expected, (wrap, found, expected)


async def driver():
    await rtos.Thread(main, priority=rtos.LOW, name="clock").start().join()
    set_clock(None)


if FORM == "run":
    rtos.run(driver)
else:
    rtos.start()
    budget(0)  # it is of real time
    rtos.wait(rtos.Thread(driver).start().join())
    rtos.stop()
print("passed")
