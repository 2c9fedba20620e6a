"""Equals run first come, first served, each until it waits: there is no time slicing."""

import machine
import rtos

trace = []
kicks = rtos.Semaphore()
timer = machine.Timer(-1)


async def worker(name):
    for _ in range(3):
        trace.append(name + "<")
        for _ in range(1000):  # 20 ms and more of the board's time, under interrupts
            pass
        trace.append(name + ">")
        await rtos.yield_()


async def kicked():
    """A more urgent thread that comes and goes in between must not change the order."""
    while True:
        await kicks.acquire()


def equals():
    timer.init(freq=1000, callback=lambda _: kicks.release(), hard=True)
    rtos.Thread(kicked, priority=rtos.HIGH).start()
    rtos.lock()  # at the base level the first would run before the second is there
    threads = [rtos.Thread(worker, name, priority=rtos.LOW).start() for name in "ABC"]
    rtos.unlock()
    return threads


async def main():
    for thread in equals():
        await thread.join()


if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    for thread in equals():
        rtos.wait(thread.join())
timer.deinit()
assert trace == [name + edge for name in "ABC" * 3 for edge in "<>"], trace
print("passed")
