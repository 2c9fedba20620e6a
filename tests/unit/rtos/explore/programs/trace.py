"""A program whose trace has to be the same wherever and however often it runs."""

import rtos
from rtos.virtual import Trace, VirtualPort


class Random:
    """The same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 1103 + 12345) % 100_003
        return self.state % n


async def worker(trace, mutex, numbers, name, rounds):
    for _ in range(rounds):
        await rtos.sleep_ms(numbers.below(4000))
        async with mutex:
            trace.mark(name)
            await rtos.sleep_ms(numbers.below(250))


async def failing():
    await rtos.sleep_ms(90_000)
    raise ValueError("as planned")


async def impatient(trace, mutex):
    for _ in range(20):
        try:
            await mutex.acquire(1)
            mutex.release()
            trace.mark("got it")
        except OSError:
            trace.mark("too late")
        await rtos.sleep_ms(1000)


async def main(trace, seed):
    mutex = rtos.Mutex()
    numbers = Random(seed)
    threads = [
        rtos.Thread(worker, trace, mutex, numbers, name + " ticks", 50, name=name)
        for name in ("a", "b", "c")
    ]
    threads.append(rtos.Thread(impatient, trace, mutex))
    for thread in threads:
        thread.start()
    late = rtos.Thread(failing)
    late.reported = True
    late.start()
    for thread in threads:
        await thread.join()
    await rtos.sleep_ms(10 * 3_600_000)  # ten hours
    try:
        await late.join()
    except ValueError as error:
        trace.mark(str(error))
    return trace


def play(seed, start_ms=0):
    port = VirtualPort(start_ms)
    with Trace() as trace:
        rtos.run(main, trace, seed, port=port)
    assert port.ms - start_ms > 36_000_000
    return trace.records


first = play(1)
assert len(first) > 150, len(first)
assert play(1) == first
assert play(2) != first
# The clock wraps on the way.
wrapped = play(1, (1 << 30) - 30_000)
assert [record[1:] for record in wrapped] == [record[1:] for record in first]
for record in first:
    print(*record)
