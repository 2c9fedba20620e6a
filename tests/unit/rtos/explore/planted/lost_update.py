"""A counter that is read, tested and written: whoever adds in between is lost."""

from rtos import Thread


class State:
    def __init__(self):
        self.count = 0
        self.added = 0


def setup():
    state = State()
    Thread(worker, state).start()
    return state


async def worker(state):
    for _ in range(3):
        count = state.count
        if count >= 0:
            count += 1
        state.count = count


async def add(state):
    state.count += 1
    state.added += 1


steps = [add]


def check(state):
    assert state.count == 3 + state.added, state.count
