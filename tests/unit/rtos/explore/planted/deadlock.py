"""Two mutexes, taken in both orders."""

from rtos import Mutex, Thread, yield_


def setup():
    one, two = Mutex(), Mutex()
    Thread(both, one, two, name="left").start()
    Thread(both, two, one, name="right").start()


async def both(one, two):
    async with one:
        await yield_()
        async with two:
            pass
