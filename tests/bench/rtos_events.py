"""Event queues: what it costs to have a thread make a call, from a thread and from an interrupt.

A figure is what one round costs, the loop around it and its yield_() not included.
"""

import rtos


def nothing():
    pass


def kernel(main):
    """A function for measure(): runs main(rounds) as a thread of a running kernel."""

    def go(rounds):
        rtos.run(main, rounds)

    return go


async def post_and_dispatch(rounds):
    """A thread waits in dispatch(); a round is a call() and that thread making it."""
    queue = rtos.EventQueue()
    rtos.Thread(queue.dispatch_forever).start()
    await rtos.sleep_ms(1)
    for _ in range(rounds):
        queue.call(nothing)
        await rtos.yield_()


async def yields(rounds):
    queue = rtos.EventQueue()
    rtos.Thread(queue.dispatch_forever).start()
    await rtos.sleep_ms(1)
    for _ in range(rounds):
        await rtos.yield_()


async def posts(rounds):
    """call() alone, nobody dispatches."""
    queue = rtos.EventQueue(rounds)
    for _ in range(rounds):
        queue.call(nothing)


async def makes(rounds):
    rtos.EventQueue(rounds)
    for _ in range(rounds):
        pass


measure("rtos.eventqueue_post_dispatch", kernel(post_and_dispatch), kernel(yields))
measure("rtos.eventqueue_post", kernel(posts), kernel(makes))
