"""One owner at a time, whoever comes; the low owner inherits, and has its own priority afterwards."""

from rtos import HIGH, LOW, Mutex, Thread


class State:
    def __init__(self):
        self.mutex = Mutex()
        self.inside = 0
        self.rounds = 0
        self.low = Thread(work, self, priority=LOW)
        self.high = Thread(work, self, priority=HIGH)


def setup():
    state = State()
    state.low.start()
    state.high.start()
    return state


async def work(state):
    async with state.mutex:
        await critical(state)
        async with state.mutex:  # it is recursive
            await critical(state)


async def critical(state):
    assert state.inside == 0
    state.inside += 1
    for _ in range(2):
        pass
    state.inside -= 1
    state.rounds += 1


async def enter(state):
    """Somebody more urgent wants the mutex: whoever owns it must be at its priority meanwhile."""
    waits = state.mutex.acquire()
    owner = state.mutex.owner
    assert owner.strand.priority == 55, owner
    await waits
    await critical(state)
    state.mutex.release()


steps = [enter]


def check(state):
    assert state.rounds >= 4
    assert state.mutex.owner is None
    for thread in (state.low, state.high):
        assert thread.strand.priority == thread.priority(), thread
