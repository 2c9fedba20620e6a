"""Threads and plain code that use asyncio: aio(), create_task(), run(), and what is refused."""

import asyncio
import errno
import time

import rtos

log = []


async def work(n, ms=1):
    for _ in range(n):
        await asyncio.sleep_ms(ms)
    return n * 10


async def fail():
    await asyncio.sleep_ms(1)
    raise ValueError("it")


async def ends_cleanly(name, ms=1000):
    try:
        await asyncio.sleep_ms(ms)
    finally:
        log.append(name)


async def raises(expected, awaitable):
    try:
        await awaitable
    except expected as error:
        return error
    raise AssertionError


async def main():
    assert await rtos.aio(work(2)) == 20
    assert await rtos.aio(asyncio.gather(work(1), work(2))) == [10, 20]
    assert str(await raises(ValueError, rtos.aio(fail()))) == "it"

    # Time-outs cancel, and the finally clauses have run when the thread goes on.
    error = await raises(OSError, rtos.aio(ends_cleanly("late"), timeout_ms=30))
    assert error.errno == errno.ETIMEDOUT and log == ["late"], (error, log)
    await raises(ValueError, rtos.aio(work(1), timeout_ms=-1))
    await raises(ValueError, rtos.aio(asyncio.sleep_ms(1)))

    # A cancelled task raises in the thread.
    task = asyncio.create_task(work(1000))
    assert not task.done() and task.cancel()
    await raises(asyncio.CancelledError, task)
    assert task.done() and not task.cancel()
    assert await rtos.aio(asyncio.create_task(work(3))) == 30

    # A terminated thread, and one whose time is up, cancel theirs.
    log.clear()
    thread = rtos.Thread(lambda: rtos.aio(ends_cleanly("terminated"))).start()
    await rtos.sleep_ms(30)
    thread.terminate()
    await thread.join()
    await raises(OSError, rtos.timeout(rtos.aio(ends_cleanly("late")), 30))
    await rtos.aio(work(1))  # behind what was posted
    assert log == ["terminated", "late"], log

    # What is asyncio's raises before it has changed anything.
    event, lock = asyncio.Event(), asyncio.Lock()
    await rtos.aio(lock.acquire())
    for awaitable in (asyncio.sleep(1), event.wait(), lock.acquire(), asyncio.gather(work(1))):
        assert "rtos.aio" in str(await raises(RuntimeError, awaitable))
    flag = asyncio.ThreadSafeFlag()
    assert "rtos.aio" in str(await raises(RuntimeError, flag.wait()))
    for function in (lambda: asyncio.run(work(1)), asyncio.current_task):
        try:
            function()
            raise AssertionError
        except RuntimeError:
            pass
    waiting = asyncio.create_task(event.wait())
    event.set()
    assert await waiting and event.is_set()
    lock.release()
    assert not lock.locked()

    # Without a reason to wake the loop sleeps: a flag does not need to be asked.
    task = asyncio.create_task(flag.wait())
    await rtos.sleep_ms(20)
    runs = [t for t in rtos.threads() if t.name == "asyncio"][0].runs()
    await rtos.sleep_ms(50)
    assert [t for t in rtos.threads() if t.name == "asyncio"][0].runs() == runs
    flag.set()
    await task
    return "ended"


assert rtos.run(main) == "ended"
assert asyncio.core.cur_task is None
assert asyncio.run(work(1)) == 10

rtos.start()
assert asyncio.run(work(2)) == 20
try:
    asyncio.run(fail())
    raise AssertionError
except ValueError:
    pass
# What asyncio.run() leaves behind goes on in the next one, not before.
log.clear()


async def leaves():
    asyncio.create_task(ends_cleanly("left", 5))
    await asyncio.sleep_ms(1)


asyncio.run(leaves())
time.sleep_ms(50)
assert log == []
asyncio.run(asyncio.sleep_ms(0) and work(3, 30))
assert log == ["left"]
# At the prompt, create_task() runs in the background.
task = asyncio.create_task(work(3))
time.sleep_ms(100)
assert task.done()
assert rtos.wait(rtos.aio(work(1))) == 10
event = asyncio.Event()
task = asyncio.create_task(event.wait())
time.sleep_ms(50)
assert not task.done()
event.set()
time.sleep_ms(50)
assert task.done()
try:
    asyncio.new_event_loop()
    raise AssertionError
except RuntimeError:
    pass
rtos.stop()
assert asyncio.core.cur_task is None
assert asyncio.run(asyncio.gather(work(1), work(2))) == [10, 20]
print("passed")
