"""Tasks of asyncio that await what is of rtos; cancelled ones lose nothing."""

import asyncio

import rtos


async def acquire(what, log, name):
    try:
        await what.acquire()
        log.append(name)
    except asyncio.CancelledError:
        log.append("-" + name)
        raise


async def tasks():
    semaphore = rtos.Semaphore(0)
    flags = rtos.EventFlags()
    mutex = rtos.Mutex()
    log = []

    # Threads and tasks wait in one line.
    async def thread():
        await semaphore.acquire()
        log.append("thread")

    first = asyncio.create_task(acquire(semaphore, log, "first"))
    await asyncio.sleep_ms(2)
    other = rtos.Thread(thread).start()
    await rtos.sleep_ms(2)
    last = asyncio.create_task(acquire(semaphore, log, "last"))
    await asyncio.sleep_ms(2)
    for _ in range(3):
        semaphore.release()
        await asyncio.sleep_ms(2)
    await first
    await last
    await other.join()
    assert log == ["first", "thread", "last"], log

    # Cancelled while it waits, and when it has just been served: the token is there for the next.
    for release_first in (False, True):
        for ms in (0, 1):
            log.clear()
            task = asyncio.create_task(acquire(semaphore, log, "victim"))
            await asyncio.sleep_ms(3)
            if release_first:
                semaphore.release()
            task.cancel()
            if not release_first:
                semaphore.release()
            await asyncio.sleep_ms(ms)
            try:
                await task
                raise AssertionError
            except asyncio.CancelledError:
                pass
            await asyncio.sleep_ms(2)
            assert semaphore.count() == 1 and log == ["-victim"], (semaphore, log)
            await semaphore.acquire()

    for _ in range(3):
        try:
            await asyncio.wait_for_ms(semaphore.acquire(), 3)
            raise AssertionError
        except asyncio.core.TimeoutError:
            pass
    semaphore.release()
    assert await asyncio.wait_for_ms(semaphore.acquire(), 1000) is None
    try:
        await semaphore.acquire(timeout_ms=3)
        raise AssertionError
    except OSError:
        pass

    # Event flags that were cleared for a cancelled task are set again.
    async def wait(bits):
        return await flags.wait_any(bits)

    task = asyncio.create_task(wait(6))
    await asyncio.sleep_ms(3)
    flags.set(5)
    task.cancel()
    await asyncio.sleep_ms(3)
    assert flags.get() == 5, flags
    assert await wait(4) == 5 and flags.get() == 1

    # A mutex belongs to the task, not to the thread.
    inside = []

    async def critical(name):
        async with mutex, mutex:
            inside.append(name)
            assert len(inside) == 1
            await asyncio.sleep_ms(2)
            inside.pop()
        return name

    async def strange():
        assert mutex.try_acquire() is False
        try:
            mutex.release()
            raise AssertionError
        except RuntimeError as error:
            assert "owner" in str(error)

    async def from_thread():
        async with mutex:
            assert not inside
            await rtos.sleep_ms(2)

    helper = rtos.Thread(from_thread).start()
    some = [asyncio.create_task(critical(n)) for n in range(3)]
    await asyncio.sleep_ms(3)
    await strange()
    assert await asyncio.gather(*some) == [0, 1, 2]
    await helper.join()
    assert mutex.try_acquire() and mutex.owner is not None
    mutex.release()
    assert mutex.owner is None

    # One that ends with it gives it back.
    async def ends():
        await mutex.acquire()

    await asyncio.create_task(ends())
    await mutex.acquire()
    assert mutex.abandoned
    mutex.release()

    task = asyncio.create_task(critical("cancelled"))
    await mutex.acquire()
    await asyncio.sleep_ms(3)
    task.cancel()
    mutex.release()
    await asyncio.sleep_ms(3)
    assert mutex.owner is None

    # Items go through in their order; what a cancelled task was given already it still gets.
    queue = rtos.Queue(2)

    async def fill():
        for n in range(5):
            await queue.put(n)

    filler = rtos.Thread(fill).start()
    for n in range(5):
        assert await queue.get(timeout_ms=1000) == n
    await filler.join()
    got = []

    async def take():
        got.append(await queue.get())
        await asyncio.sleep_ms(1000)

    task = asyncio.create_task(take())
    await asyncio.sleep_ms(3)
    queue.put_nowait("item")
    task.cancel()
    try:
        await task
        raise AssertionError
    except asyncio.CancelledError:
        pass
    assert got == ["item"] or (not got and queue.get_nowait() == "item"), got
    pool = rtos.MemoryPool(1, 8)
    block = await pool.alloc()
    task = asyncio.create_task(pool.alloc())
    await asyncio.sleep_ms(3)
    pool.free(block)
    task.cancel()
    await asyncio.sleep_ms(3)
    assert pool.free_blocks() == 1

    await rtos.sleep_ms(2)
    await rtos.yield_()
    try:
        await rtos.timeout(rtos.sleep_ms(5), 1)
        raise AssertionError
    except RuntimeError:
        pass


async def main():
    await rtos.aio(tasks(), timeout_ms=10_000)


rtos.run(main)
print("passed")
