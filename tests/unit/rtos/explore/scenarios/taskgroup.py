"""No thread outlives the block of its group, and the first failure is the block's."""

from rtos import HIGH, Terminated, Thread, sleep_ms
from rtos.taskgroup import TaskGroup


class State:
    def __init__(self):
        self.parent = Thread(parent, self)
        self.children = 0
        self.outcome = None


def setup():
    state = State()
    state.parent.start()
    return state


async def child(state, ms):
    state.children += 1
    try:
        await sleep_ms(ms)
        if ms == 3:
            raise ValueError("as planned")
    finally:
        state.children -= 1


async def parent(state):
    try:
        async with TaskGroup() as group:
            group.start(child, state, 3)
            group.start(child, state, 9, priority=HIGH)
            await sleep_ms(5)
        state.outcome = "well"
    except ValueError:
        state.outcome = "failed"
    except Terminated:
        state.outcome = "terminated"
        raise
    finally:
        assert state.children == 0, state.children


async def terminate(state):
    state.parent.terminate()


def soft_terminate(state):
    state.parent.terminate()


steps = [terminate]
interrupts = [soft_terminate]
expected = [ValueError]


def check(state):
    assert state.children == 0
    assert state.outcome in ("failed", "terminated", None), state.outcome
