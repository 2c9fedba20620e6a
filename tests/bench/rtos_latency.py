# heap: 128K
"""The longest way from an interrupt to the thread that waits for it, while others work.

A hard timer handler at pseudo-random phases releases a thread above Normal, over a thread that
computes, formats, sorts and allocates, with the heap filled to a quarter, a half and 90 %.  The
figure counts from the first bytecode of the handler; `during` is what kept the thread waiting.
"""

import random

import machine
import rtos
from rtos.core import allocated

WAKE_UPS = 33_334  # at each of three fill levels: 100,000 in all


def fill(percent):
    """Small objects until the heap is that full; no list of them all, which would be a large one."""
    kept = []
    gc.collect()
    while gc.mem_alloc() * 100 < percent * (gc.mem_alloc() + gc.mem_free()):
        kept.append([[n] for n in range(32)])
        gc.collect()
    return kept


JOBS = {
    "arithmetic": lambda: [n * n for n in range(8)],
    "formatting": lambda: "{} {}".format(len(JOBS), "text"),
    "list.sort": lambda: sorted((3, 1, 2, 9, 7, 5) * 8),
    "dictionary": lambda: {n: n for n in range(16)},
}


def worst(percent):
    go = rtos.Semaphore()
    ticks = time.ticks_cpu
    timer = machine.Timer(-1)
    began = longest = before = 0
    doing = cause = None
    rng = random.Random() if hasattr(random, "Random") else random
    rng.seed(percent)
    delays = bytes(rng.getrandbits(7) for _ in range(256))

    def handler(_):
        nonlocal began
        began = ticks()
        go.release()

    async def urgent():
        nonlocal longest, cause
        for n in range(WAKE_UPS):
            timer.init(
                mode=machine.Timer.ONE_SHOT,
                period=300 + delays[n & 255],
                tick_hz=1_000_000,
                callback=handler,
                hard=True,
            )
            await go.acquire()
            late = time.ticks_diff(ticks(), began)
            if late > longest:
                longest = late
                cause = "gc in " + doing if allocated() < before else doing

    async def main():
        nonlocal doing, before
        kept = fill(percent)
        waiting = rtos.Thread(urgent, priority=rtos.HIGH).start()
        while waiting.strand.coroutine is not None:
            for name, job in JOBS.items():
                doing = name
                before = allocated()
                job()
        return kept

    rtos.run(main)
    return longest, cause


for percent in (25, 50, 90):
    ticks_, during = worst(percent)
    report(f"rtos.isr_to_thread_max_{percent}", instructions=instructions(ticks_), during=during)
