"""A thread that is terminated anywhere ends, its `finally` has run, and what it held is free."""

from rtos import Mutex, Semaphore, Terminated, Thread, sleep_ms


class State:
    def __init__(self):
        self.mutex = Mutex()
        self.semaphore = Semaphore(1)
        self.victim = Thread(victim, self)
        self.begun = self.ended = self.finished = 0
        self.terminated = False


def setup():
    state = State()
    state.victim.start()
    Thread(other, state).start()
    return state


async def victim(state):
    state.begun += 1
    try:
        async with state.mutex:
            async with state.semaphore:
                await sleep_ms(5)
            await sleep_ms(5)
        state.finished += 1
    except Terminated:
        assert state.terminated
        raise
    finally:
        state.ended += 1


async def other(state):
    async with state.mutex:
        await sleep_ms(1)
    async with state.semaphore:
        pass


async def terminate(state):
    state.terminated = True
    state.victim.terminate()


def soft_terminate(state):
    state.terminated = True
    state.victim.terminate()


steps = [terminate]
interrupts = [soft_terminate]


def check(state):
    assert state.victim.state() == "ended"
    assert state.begun == state.ended <= 1
    assert state.finished == 1 or state.terminated
    assert state.mutex.owner is None
    assert state.semaphore.count() == 1, state.semaphore
