"""A change under a mutex is seen by whoever waits for it; no notification is lost in between."""

from rtos import HIGH, Mutex, Thread
from rtos.condition import Condition


class State:
    def __init__(self):
        self.mutex = Mutex()
        self.changed = Condition(self.mutex)
        self.stock = 0
        self.taken = 0
        self.delivered = 2
        self.late = 0


def setup():
    state = State()
    Thread(consumer, state, priority=HIGH).start()
    Thread(consumer, state).start()
    Thread(producer, state).start()
    return state


async def consumer(state):
    async with state.mutex:
        while not state.stock:
            await state.changed.wait()
        assert state.mutex.owner is not None
        state.stock -= 1
        state.taken += 1


async def producer(state):
    for _ in range(2):
        await deliver_one(state)


async def deliver_one(state):
    async with state.mutex:
        state.stock += 1
        state.changed.notify()


async def deliver(state):
    state.delivered += 1
    await deliver_one(state)


async def take_late(state):
    """One that gives up: it must leave the mutex and the notifications to the others."""
    async with state.mutex:
        try:
            await state.changed.wait(1)
        except OSError:
            state.late += 1
        state.changed.notify()


steps = [deliver, take_late]


def check(state):
    assert state.taken == 2
    assert state.taken + state.stock == state.delivered
    assert state.mutex.owner is None
