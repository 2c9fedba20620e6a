"""VirtualPort in both forms of the kernel."""

import random

import rtos
from rtos.core import now
from rtos.virtual import VirtualPort

port = VirtualPort(1000)


async def deadlock():
    await rtos.Semaphore().acquire()


async def sleep(ms):
    await rtos.sleep_ms(ms)
    return now()


# Waiting for nothing is a deadlock, and the next run is as good as the first.
try:
    rtos.run(deadlock, port=port)
    raise AssertionError
except RuntimeError as error:
    text = str(error)
    assert text.startswith("deadlock") and "<Thread 'main' Normal waiting semaphore>" in text, text
    assert "<Semaphore 0>" in text, text
assert rtos.run(sleep, 500, port=port) == 1500
assert rtos.run(sleep, 12 * 24 * 3_600_000, port=port) == (1500 + 12 * 24 * 3_600_000) % (1 << 30)
assert port.ms == 1500 + 12 * 24 * 3_600_000


async def numbers():
    return [random.getrandbits(20) for _ in range(3)]


assert rtos.run(numbers, port=VirtualPort(seed=5)) == rtos.run(numbers, port=VirtualPort(seed=5))
assert rtos.run(numbers, port=VirtualPort(seed=5)) != rtos.run(numbers, port=VirtualPort(seed=6))

# In the background time passes when the base says so, and not a millisecond more.
ticks = []


async def ticker():
    while True:
        await rtos.sleep_ms(10)
        ticks.append(port.ms)


port = VirtualPort()
rtos.start(port)
rtos.Thread(ticker).start()
port.advance(9)
assert ticks == [] and port.ms == 9
port.advance(1)
assert ticks == [10]
port.advance(25)
assert ticks == [10, 20, 30] and port.ms == 35
assert rtos.wait(sleep(10)) == 45
assert ticks == [10, 20, 30, 40]
try:
    rtos.wait(rtos.Semaphore().acquire(20))
    raise AssertionError
except OSError:
    assert port.ms == 65
rtos.stop()
assert rtos.threads() == []
print("passed")
