"""Two sources, 10,000 interrupts a second each, 10,000 events each: all of them arrive, in order.

PRIMITIVE: "semaphore", "flags", "queue". Prints what the threads have seen.
"""

import machine
import rtos

EVENTS = 10000
FREQUENCY = 10000
SOURCES = 2

sent = [0] * SOURCES
seen = [0] * SOURCES
disorder = [0] * SOURCES
refused = [0] * SOURCES
semaphores = [rtos.Semaphore() for _ in range(SOURCES)]
flags = rtos.EventFlags()
queues = [rtos.Queue(64) for _ in range(SOURCES)] if PRIMITIVE == "queue" else None


def semaphore_source(i):
    release = semaphores[i].release

    def handler(timer):
        if sent[i] < EVENTS:
            sent[i] += 1
            release()

    return handler


async def semaphore_sink(i):
    while seen[i] < EVENTS:
        await semaphores[i].acquire()
        seen[i] += 1
        if seen[i] > sent[i]:
            disorder[i] += 1


def flags_source(i):
    bit = 1 << i

    def handler(timer):
        if sent[i] < EVENTS:
            sent[i] += 1
            flags.set(bit)

    return handler


async def flags_sink(i):
    """Flags say that there is something, not how much: after each the sink catches up."""
    while seen[i] < EVENTS:
        await flags.wait_any(1 << i)
        if seen[i] > sent[i]:
            disorder[i] += 1
        seen[i] = sent[i]


def queue_source(i):
    put = queues[i].put_nowait

    def handler(timer):
        if sent[i] < EVENTS:
            if put(sent[i]):
                sent[i] += 1
            else:  # full, and said so: the same item again
                refused[i] += 1

    return handler


async def queue_sink(i):
    while seen[i] < EVENTS:
        item = await queues[i].get()
        if item != seen[i]:
            disorder[i] += 1
        seen[i] += 1


SOURCE = {"semaphore": semaphore_source, "flags": flags_source, "queue": queue_source}[PRIMITIVE]
SINK = {"semaphore": semaphore_sink, "flags": flags_sink, "queue": queue_sink}[PRIMITIVE]


async def main():
    threads = [rtos.Thread(SINK, i, priority=rtos.HIGH + i).start() for i in range(SOURCES)]
    await rtos.sleep_ms(1)
    timers = [
        machine.Timer(-1, freq=FREQUENCY, callback=SOURCE(i), hard=True) for i in range(SOURCES)
    ]
    for thread in threads:
        await thread.join()
    for timer in timers:
        timer.deinit()
    dropped = [queue.dropped for queue in queues] if queues else refused
    print(sent, seen, disorder, refused == dropped)


if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    rtos.wait(rtos.Thread(main, name="main").start().join())
