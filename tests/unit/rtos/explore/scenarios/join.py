"""Whoever joins a thread gets its result, before its end or after it; a termination wakes them."""

from rtos import HIGH, LOW, Thread, sleep_ms, timeout


class State:
    def __init__(self):
        self.worker = Thread(work, self, priority=LOW)
        self.results = []
        self.terminated = False


def setup():
    state = State()
    Thread(joiner, state, priority=HIGH).start()
    Thread(impatient, state).start()
    state.worker.start()
    return state


async def work(state):
    await sleep_ms(3)
    return 42


async def joiner(state):
    state.results.append(await state.worker.join())


async def impatient(state):
    try:
        state.results.append(await timeout(state.worker.join(), 3))
    except OSError:
        state.results.append(await state.worker.join())


async def join(state):
    state.results.append(await state.worker.join())


def terminate(state):
    state.terminated = True
    state.worker.terminate()


steps = [join]
interrupts = [terminate]


def check(state):
    assert len(state.results) >= 2
    if not state.terminated:
        assert set(state.results) == {42}, state.results
    assert set(state.results) <= {42, None} and len(set(state.results)) == 1, state.results
