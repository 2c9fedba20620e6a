"""A wait ends once: by what it waits for or by its time, at the same moment, too."""

from errno import ETIMEDOUT

from rtos import HIGH, EventFlags, Mutex, Semaphore, Thread, sleep_ms


class State:
    def __init__(self):
        self.semaphore = Semaphore()
        self.flags = EventFlags()
        self.mutex = Mutex()
        self.taken = self.late = 0
        self.released = 1


def setup():
    state = State()
    Thread(waiter, state, priority=HIGH).start()
    Thread(owner, state).start()
    return state


async def waiter(state):
    for _ in range(2):
        if await in_time(state, state.semaphore.acquire(10)):
            state.taken += 1
    await in_time(state, state.flags.wait_any(1, timeout_ms=0))
    if await in_time(state, state.mutex.acquire(5)):
        state.mutex.release()


async def in_time(state, awaitable):
    try:
        await awaitable
        return True
    except OSError as error:
        assert error.errno == ETIMEDOUT
        state.late += 1
        return False


async def owner(state):
    async with state.mutex:
        await sleep_ms(10)
        state.semaphore.release()
        await sleep_ms(16)


def release(state):
    state.released += 1
    state.semaphore.release()


def hard_release(state):
    state.released += 1
    state.semaphore.release()


interrupts = [release]
hard_interrupts = [hard_release]


def check(state):
    assert state.taken + state.semaphore.count() == state.released, state.taken
    assert state.mutex.owner is None
