"""How much of the processor the base level keeps while threads at Normal and below are busy.

Prints the rounds of a loop in 300 ms of the board's time under each kind of load, in percent of
those without.
"""

import time

import machine
import rtos

SPAN_MS = 300


async def computes():
    """Always ready, gives way now and then."""
    while True:
        for _ in range(20):
            pass
        await rtos.yield_()


async def bursts():
    """Ready every millisecond, and works for most of it: never as long as a budget on end."""
    while True:
        end = time.ticks_add(time.ticks_us(), 900)
        while time.ticks_diff(end, time.ticks_us()) > 0:
            pass
        await rtos.sleep_ms(1)


gate = rtos.Semaphore()
nobody = rtos.Semaphore()


async def interrupted():
    """Made ready by an interrupt again and again."""
    while True:
        await gate.acquire()
        for _ in range(20):
            pass


async def long_steps():
    """Works for 20 ms between two waits."""
    while True:
        end = time.ticks_add(time.ticks_ms(), 20)
        while time.ticks_diff(end, time.ticks_ms()) > 0:
            pass
        await rtos.yield_()


def rounds():
    """Of a loop at the base level."""
    count = 0
    end = time.ticks_add(time.ticks_ms(), SPAN_MS)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        count += 1
    return count


LOADS = (
    ("computes", (computes,)),
    ("computes, three levels", (computes, computes, computes)),
    ("bursts", (bursts,)),
    ("bursts, three levels", (bursts, bursts, bursts)),
    ("interrupted", (interrupted,)),
    ("long steps", (long_steps, computes)),
)


def measure():
    timer = machine.Timer(-1)
    for name, functions in LOADS:
        if name == "interrupted":  # the handler's own time is nobody's share
            timer.init(freq=2000, callback=lambda _: nobody.release(), hard=True)
        alone = rounds()
        if name == "interrupted":
            timer.init(freq=2000, callback=lambda _: gate.release(), hard=True)
        threads = [
            rtos.Thread(function, priority=priority).start()
            for function, priority in zip(functions, (rtos.NORMAL, rtos.LOW, rtos.NORMAL + 7))
        ]
        print(name, rounds() * 100 // alone)
        assert max(thread.runs() for thread in threads) > 5, name  # nor are threads starved
        timer.deinit()
        for thread in threads:
            thread.terminate()


rtos.start()
measure()
