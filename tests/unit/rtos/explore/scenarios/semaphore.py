"""Every token that is released is acquired once: by threads that wait, by try, by interrupts."""

from rtos import HIGH, Semaphore, Thread


class State:
    def __init__(self):
        self.semaphore = Semaphore()
        self.released = 4
        self.taken = 0


def setup():
    state = State()
    Thread(consumer, state, priority=HIGH).start()
    Thread(consumer, state).start()
    Thread(producer, state).start()
    return state


async def consumer(state):
    for _ in range(2):
        await state.semaphore.acquire()
        state.taken += 1


async def producer(state):
    for _ in range(4):
        state.semaphore.release()


async def pass_on(state):
    """Takes one and gives one."""
    state.semaphore.release()
    await state.semaphore.acquire()


def release(state):
    state.released += 1
    assert state.semaphore.release() is True


def hard_release(state):
    state.released += 1
    state.semaphore.release()


steps = [pass_on]
interrupts = [release]
hard_interrupts = [hard_release]


def check(state):
    assert state.taken == 4, state.taken
    assert state.taken + state.semaphore.count() == state.released
