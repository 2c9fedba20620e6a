"""What becomes of threads that fail: STOP, RESTART, a failure on top of another thread."""

import time

import machine
import rtos

gate = rtos.Semaphore()
starts = []


async def breaks(text):
    raise ValueError(text)


async def deeper():
    await breaks("deep down")


async def restarted():
    starts.append(time.ticks_ms())
    await rtos.sleep_ms(5)
    if len(starts) < 5:
        raise OSError(5)


async def urgent():
    await gate.acquire()
    raise KeyError("on top")


async def hungry():
    return bytearray(1 << 30)


async def busy():
    """Is interrupted by `urgent`, which fails on top of it."""
    timer = machine.Timer(
        -1, mode=machine.Timer.ONE_SHOT, period=2, callback=lambda _: gate.release()
    )
    count = 0
    while count < 2000:
        count += 1
    return count, timer


async def main():
    print("-- stop")
    thread = rtos.Thread(deeper, name="stops").start()
    await rtos.sleep_ms(1)
    print(thread)
    print("-- joined: told to whoever waits, not printed")
    thread = rtos.Thread(deeper, name="joined").start()
    try:
        await thread.join()
    except ValueError as error:
        print("join raised", repr(error))
    print("-- memory")
    rtos.Thread(hungry, name="hungry").start()
    await rtos.sleep_ms(1)
    print("-- on top")
    rtos.Thread(urgent, name="urgent", priority=rtos.HIGH).start()
    thread = rtos.Thread(busy, priority=rtos.LOW).start()
    print((await thread.join())[0])
    print("-- restart")
    thread = rtos.Thread(restarted, name="again", on_failure=rtos.RESTART).start()
    await thread.join()
    waits = [time.ticks_diff(b, a) for a, b in zip(starts, starts[1:])]
    print(waits, thread)
    print("-- threads", [t.name for t in rtos.threads()])


async def base():
    await main()


if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    rtos.wait(rtos.Thread(main, name="main").start().join())
    rtos.stop()
