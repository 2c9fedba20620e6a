"""Threads: what a switch, a wake-up, a timer cost, with a kernel running and through the public API.

A figure is what one round costs, the loop around it included in none of them.
"""

import rtos
import rtos.core as core

try:
    import mps2
except ImportError:
    mps2 = None

LINE = 20  # an interrupt line that nothing else uses


async def loop(rounds):
    for _ in range(rounds):
        pass


def kernel(main):
    """A function for measure(): runs main(rounds) as a thread of a running kernel."""

    def go(rounds):
        rtos.run(main, rounds)

    return go


def nothing(rounds):
    rtos.run(loop, rounds)


def switch_between(count, share=1):
    """share: 0 for threads that only start and end, which is not what is measured."""

    async def main(rounds):
        async def turn():
            for _ in range(share * rounds // count):
                await rtos.yield_()

        threads = [rtos.Thread(turn).start() for _ in range(count)]
        for thread in threads:
            await thread.join()

    return kernel(main)


async def flag_wakeup(rounds):
    """Two threads wake each other; a round is one wake-up and the switch to the one woken."""
    ping = rtos.EventFlags()
    pong = rtos.EventFlags()

    async def answer():
        for _ in range(rounds // 2):
            await ping.wait_any(1)
            pong.set(1)

    other = rtos.Thread(answer).start()
    for _ in range(rounds // 2):
        ping.set(1)
        await pong.wait_any(1)
    await other.join()


async def mutex(rounds):
    m = rtos.Mutex()
    for _ in range(rounds):
        await m.acquire()
        m.release()


async def semaphore(rounds):
    s = rtos.Semaphore(1)
    for _ in range(rounds):
        await s.acquire()
        s.release()


measure("rtos.thread_switch", switch_between(2), switch_between(2, 0))
measure("rtos.switch_100_threads", switch_between(100), switch_between(100, 0), rounds=10000)
measure("rtos.flag_wakeup_switch", kernel(flag_wakeup), nothing)
measure("rtos.mutex_lock_unlock", kernel(mutex), nothing)
measure("rtos.semaphore", kernel(semaphore), nothing)


# ---- From an interrupt to the thread that waits for it, over a busy loop.


def isr_to_thread(rounds):
    """Instructions from the interrupt (pended by software) to the first bytecode of the thread."""
    go = rtos.Semaphore()
    ticks = time.ticks_cpu
    spent = 0
    began = 0

    def handler(line):
        go.release()

    async def waiter():
        nonlocal spent
        for _ in range(rounds):
            await go.acquire()
            spent += ticks() - began

    async def main():
        nonlocal began
        urgent = rtos.Thread(waiter, priority=rtos.HIGH).start()
        mps2.irq(LINE, handler, hard=True)
        pend = mps2.pend
        while urgent.strand.coroutine is not None:
            began = ticks()
            pend(LINE)
            for _ in range(3):
                pass
        mps2.irq(LINE)

    rtos.run(main)
    return spent


def cost_of_reading_the_clock(rounds):
    ticks = time.ticks_cpu
    spent = 0
    for _ in range(rounds):
        began = ticks()
        spent += ticks() - began
    return spent


isr_to_thread(10)
spent = isr_to_thread(1000) - cost_of_reading_the_clock(1000)
report("rtos.isr_to_thread", instructions=instructions(spent) // 1000)


# ---- Timers


STEP_MS = 1000  # so long that the board's own timer has no part in it


async def sleeper():
    await rtos.sleep_ms(1 << 28)


def timers(sleepers, sleeps=True):
    """One deadline among those of `sleepers` threads: set, expired, and the thread that slept run.

    The clock is set by hand, so that no idling is in the figure. sleeps: False leaves out what is
    measured.
    """

    async def short():
        while True:
            await rtos.sleep_ms(STEP_MS)

    async def main(rounds):
        for _ in range(sleepers):
            rtos.Thread(sleeper).start()
        await rtos.sleep_ms(10)
        now = core.now()
        core.set_clock(now)
        if sleeps:
            rtos.Thread(short, priority=rtos.HIGH).start()
        gc.collect()
        start = time.ticks_cpu()
        for n in range(rounds):
            core.set_clock(now + (n + 1) * STEP_MS)
            core.alarm()
            await rtos.yield_()
        spent = time.ticks_diff(time.ticks_cpu(), start)
        core.set_clock(None)
        return spent

    return rtos.run(main, 1000)


for count in (1, 1000):
    spent = timers(count) - timers(count, False)
    report(f"rtos.sleep_{count}_threads", instructions=instructions(spent) // 1000)
