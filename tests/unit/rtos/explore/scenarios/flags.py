"""A flag that is set wakes whom it concerns, once; none is lost."""

from rtos import HIGH, EventFlags, Thread


class State:
    def __init__(self):
        self.flags = EventFlags()
        self.got = []
        self.extra = 0


def setup():
    state = State()
    Thread(any_of, state, priority=HIGH).start()
    Thread(all_of, state).start()
    Thread(setter, state).start()
    return state


async def any_of(state):
    for _ in range(2):
        bits = await state.flags.wait_any(3)
        assert bits & 3, bits
        state.got.append(bits & 3)
        if bits & 3 == 3:  # both were set before it looked
            return


async def all_of(state):
    bits = await state.flags.wait_all(12, clear=False)
    assert bits & 12 == 12, bits


async def setter(state):
    for bit in (1, 4, 2, 8):
        state.flags.set(bit)


async def step(state):
    state.extra = 1
    state.flags.set(16)
    bits = await state.flags.wait_any(16)
    assert bits & 16


def soft_set(state):
    state.flags.set(32)


def hard_set(state):
    state.flags.set(64)


steps = [step]
interrupts = [soft_set]
hard_interrupts = [hard_set]


def check(state):
    assert sum(state.got) == 3, state.got
    assert state.flags.get() & ~(32 | 64) == 12, state.flags
