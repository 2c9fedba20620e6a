"""1,000 rounds of everything that threads do in steady state, with the heap locked."""

import gc

import machine
import micropython
import mps2
import rtos

LINE = 20
ROUNDS = 1000

ping, pong = rtos.Semaphore(), rtos.Semaphore()
flags = rtos.EventFlags()
mutex = rtos.Mutex()
never = rtos.Semaphore()
counts = [0] * 6  # in place: a global that grows is an entry of a dictionary


def in_isr(line):
    flags.set(2)
    ping.release()


def from_timer(timer):
    flags.set(4)


async def switching():
    while True:
        counts[0] += 1
        await rtos.yield_()
        await pong.acquire()


async def sleeping():
    while True:
        counts[1] += 1
        await rtos.sleep_ms(1)


async def timing_out():
    while True:
        try:
            await never.acquire(1)
        except OSError:
            counts[2] += 1


async def flagged():
    while True:
        await flags.wait_any(6)
        counts[3] += 1


async def posted_to():
    while True:
        await ping.acquire()
        counts[4] += 1


async def locking():
    while True:
        async with mutex:
            counts[5] += 1
            await rtos.yield_()
        await rtos.sleep_ms(1)


FUNCTIONS = switching, sleeping, timing_out, flagged, posted_to, locking


def begin():
    mps2.irq(LINE, in_isr, hard=True)
    for i, function in enumerate(FUNCTIONS):
        rtos.Thread(function, priority=rtos.LOW + 5 * i).start()


async def main():
    begin()
    timer = machine.Timer(-1, freq=900, callback=from_timer, hard=True)
    await rtos.sleep_ms(50)  # once round everything, so that what is made once is there
    gc.collect()
    micropython.heap_lock()
    for _ in range(ROUNDS):
        pong.release()
        mps2.pend(LINE)
        async with mutex:
            await rtos.sleep_ms(1)
    micropython.heap_unlock()
    timer.deinit()


def over_base():
    rtos.start()
    begin()
    timer = machine.Timer(-1, freq=900, callback=from_timer, hard=True)
    rtos.wait(rtos.sleep_ms(50))
    gc.collect()
    micropython.heap_lock()
    for _ in range(ROUNDS):
        pong.release()
        mps2.pend(LINE)
        before = counts[1]
        while counts[1] == before:
            machine.idle()
    micropython.heap_unlock()
    timer.deinit()
    rtos.stop()


if FORM == "run":
    rtos.run(main)
else:
    over_base()
assert all(count > ROUNDS // 4 for count in counts), counts
print("passed")
