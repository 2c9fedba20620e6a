"""What is built on the core in Python: queues, mail, conditions, timers, groups of threads."""

import rtos


async def loop(rounds):
    for _ in range(rounds):
        pass


def kernel(main):
    """A function for measure(): runs main(rounds) as a thread of a running kernel."""

    def go(rounds):
        rtos.run(main, rounds)

    return go


nothing = kernel(loop)


async def put_get(rounds):
    queue = rtos.Queue(4)
    for _ in range(rounds):
        await queue.put(1)
        await queue.get()


async def put_get_priority(rounds):
    queue = rtos.Queue(4)
    for _ in range(rounds):
        await queue.put(1, 5)
        await queue.get()


async def put_get_nowait(rounds):
    queue = rtos.Queue(4)
    for _ in range(rounds):
        queue.put_nowait(1)
        queue.get_nowait()


async def to_a_waiting_thread(rounds):
    """put_nowait() to a thread that waits, the switch to it, and its next get()."""
    queue = rtos.Queue(1)

    async def receive():
        for _ in range(rounds):
            await queue.get()

    thread = rtos.Thread(receive, priority=rtos.HIGH).start()
    for _ in range(rounds):
        queue.put_nowait(1)
        await rtos.yield_()
    await thread.join()


async def mail(rounds):
    """alloc, put, get, free."""
    box = rtos.Mail(4, 16)
    for _ in range(rounds):
        box.put(await box.alloc())
        box.free(await box.get())


async def pool(rounds):
    blocks = rtos.MemoryPool(4, 16)
    for _ in range(rounds):
        blocks.free(blocks.alloc_nowait())


async def condition(rounds):
    """Two threads notify each other; a round is one notification, switch and mutex."""
    mutex = rtos.Mutex()
    changed = rtos.Condition(mutex)

    async def turn():
        async with mutex:
            for _ in range(rounds // 2):
                changed.notify()
                await changed.wait()
            changed.notify()

    async with rtos.TaskGroup() as group:
        group.start(turn)
        group.start(turn)


async def group(rounds):
    """A group with one thread, which does nothing."""

    async def child():
        pass

    for _ in range(rounds):
        async with rtos.TaskGroup() as threads:
            threads.start(child)


measure("rtos.queue_put_get", kernel(put_get), nothing)
measure("rtos.queue_put_get_priority", kernel(put_get_priority), nothing)
measure("rtos.queue_put_get_nowait", kernel(put_get_nowait), nothing)
measure("rtos.queue_to_waiting_thread", kernel(to_a_waiting_thread), nothing)
measure("rtos.mail", kernel(mail), nothing)
measure("rtos.mempool_alloc_free", kernel(pool), nothing)
measure("rtos.condition_notify_switch", kernel(condition), nothing, rounds=200)
measure("rtos.taskgroup_of_one", kernel(group), nothing, rounds=100)
