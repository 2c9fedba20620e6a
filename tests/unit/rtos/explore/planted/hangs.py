"""A loop that ends at a number which an interrupt skips."""

from rtos import Thread


class State:
    def __init__(self):
        self.n = 0


def setup():
    state = State()
    Thread(worker, state).start()
    return state


async def worker(state):
    while state.n != 5:
        state.n += 1


def spoil(state):
    state.n += 10


interrupts = [spoil]
