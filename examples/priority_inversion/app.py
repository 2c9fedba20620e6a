"""How long an urgent thread waits for a resource that a thread of low priority holds."""

import time

import rtos

CRITICAL_MS = 20  # what Low needs the resource for
HOG_MS = 200  # what Medium computes


def compute(ms):
    """Keep the processor busy: nothing here lets another thread run."""
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < ms:
        pass


async def low(resource, taken):
    await resource.acquire()
    taken.set(1)
    end = time.ticks_ms() + CRITICAL_MS
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        await rtos.yield_()
    resource.release()


async def medium():
    compute(HOG_MS)


async def high(resource):
    start = time.ticks_ms()
    await resource.acquire()
    waited_ms = time.ticks_diff(time.ticks_ms(), start)
    resource.release()
    return waited_ms


async def measure(resource):
    taken = rtos.EventFlags()
    rtos.Thread(low, resource, taken, priority=rtos.LOW).start()
    await taken.wait_any(1)
    urgent = rtos.Thread(high, resource, priority=rtos.HIGH).start()
    hog = rtos.Thread(medium).start()
    waited_ms = await urgent.join()
    await hog.join()
    return waited_ms


async def main():
    inherits = await measure(rtos.Mutex())
    print("Mutex: High waited", "less" if inherits < HOG_MS else "MORE", "than Medium computes")
    inverts = await measure(rtos.Semaphore(1))
    print("Semaphore: High waited", "LESS" if inverts < HOG_MS else "more", "than Medium computes")
    print("(%d ms and %d ms; Low holds it for %d ms)" % (inherits, inverts, CRITICAL_MS))


rtos.run(main)
