"""How long High waits for a lock that Low holds, while Medium hogs the processor."""

import time

import mps2
import rtos

LINE = 20
HOG_MS = 100
SECTIONS = 5

waited_us = 0


def busy_ms(ms):
    end = time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        pass


async def low(lock):
    async with lock:
        mps2.pend(LINE)  # Medium and High want to run from here on
        for _ in range(SECTIONS):
            busy_ms(1)
            await rtos.yield_()


async def medium(go):
    await go.acquire()
    busy_ms(HOG_MS)


async def high(go, lock):
    global waited_us
    await go.acquire()
    start = time.ticks_us()
    async with lock:
        waited_us = time.ticks_diff(time.ticks_us(), start)


async def main(lock):
    gates = rtos.Semaphore(), rtos.Semaphore()

    def handler(line):
        for gate in gates:
            gate.release()

    mps2.irq(LINE, handler, hard=True)
    threads = [
        rtos.Thread(high, gates[0], lock, priority=rtos.HIGH).start(),
        rtos.Thread(medium, gates[1], priority=rtos.NORMAL).start(),
    ]
    await rtos.sleep_ms(1)
    threads.append(rtos.Thread(low, lock, priority=rtos.LOW).start())
    for thread in threads:
        await thread.join()


def measure(lock):
    if FORM == "run":
        rtos.run(main, lock)
    else:
        rtos.start()
        rtos.wait(rtos.Thread(main, lock).start().join())
        rtos.stop()
    return waited_us


print(measure(rtos.Mutex()), measure(rtos.Semaphore(1)))
