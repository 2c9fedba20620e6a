# platforms: host-stock host-native mps2-stock mps2-native
"""Nothing allocates in steady state."""

from rtos.core import (
    EventFlags,
    Mutex,
    Semaphore,
    Waiters,
    expire,
    park,
    ready,
    run,
    set_clock,
    yield_,
)
from support import at, no_allocation, start, step_all

ROUNDS = 1000


def test_giving_way():
    async def turns():
        while True:
            for _ in range(ROUNDS):
                await yield_()
            await park()

    strands = [start(turns()) for _ in range(3)]

    def rounds():
        for strand in strands:
            ready(strand)
        step()

    step()
    no_allocation(rounds)
    assert strands[0].runs >= 2 * ROUNDS


def test_waiting():
    at(0)
    semaphore, mutex, flags, waiters = Semaphore(), Mutex(), EventFlags(), Waiters()

    async def waits():
        while True:
            await semaphore.acquire()
            async with mutex:
                await yield_()
            await flags.wait_all(3)
            await park(waiters)
            await park(waiters, 50)
            await semaphore.acquire(50)

    for _ in range(3):
        start(waits())

    def rounds():
        for _ in range(ROUNDS):
            for _ in range(3):
                semaphore.release()
            step()
            for _ in range(3):
                flags.set(1)
                flags.set(2)
                step()
            for _ in range(2):
                while waiters.wake() is not None:
                    pass
                step()
            for _ in range(3):
                semaphore.release()
            step()

    step()
    no_allocation(rounds)


def step():
    while run(0) != 0:
        expire()


def test_sleeping_across_a_wrap_of_the_clock():
    for border in (1 << 29, (1 << 30) - 1):
        clock = [border - 500]

        async def sleeps(ms):
            while True:
                await park(None, ms)

        set_clock(clock[0])
        for ms in (3, 5, 7):
            start(sleeps(ms))

        def rounds(clock=clock):
            for _ in range(ROUNDS):
                clock[0] = clock[0] + 1 & 0x3FFFFFFF
                set_clock(clock[0])
                step()

        step()
        no_allocation(rounds)


def test_inheriting():
    low, high = Mutex(), Mutex()

    async def holds(mutex, other):
        while True:
            async with mutex:
                await yield_()
                if other is not None:
                    async with other:
                        await yield_()
            await park()

    strands = [
        start(holds(low, None), 8),
        start(holds(high, low), 16),
        start(holds(high, None), 40),
    ]

    def rounds():
        for _ in range(ROUNDS):
            for strand in strands:
                ready(strand)
            step()

    step()
    no_allocation(rounds)
    assert step_all() == []
