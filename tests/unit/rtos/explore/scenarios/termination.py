"""Terminated in mid-step: the step goes on to its next await, and what it was given is not lost."""

from rtos import HIGH, Semaphore, Terminated, Thread, yield_


class State:
    def __init__(self):
        self.semaphore = Semaphore()
        self.victim = Thread(victim, self, priority=HIGH)
        self.taken = 0
        self.half = False


def setup():
    state = State()
    state.victim.start()
    Thread(giver, state).start()
    return state


async def victim(state):
    while state.taken < 3:
        await state.semaphore.acquire()
        state.half = True  # nobody may end it between two awaits
        for _ in range(2):
            pass
        state.taken += 1
        state.half = False


async def giver(state):
    for _ in range(3):
        state.semaphore.release()
        await yield_()


async def terminate(state):
    state.victim.terminate()


def soft_terminate(state):
    state.victim.terminate()


steps = [terminate]
interrupts = [soft_terminate]
expected = [Terminated]


def check(state):
    assert not state.half
    assert state.victim.state() == "ended"
    # One that was handed over may be on its way when it ends: then it counts as taken nowhere.
    left = 3 - state.taken - state.semaphore.count()
    assert left == 0, (state.taken, state.semaphore)
