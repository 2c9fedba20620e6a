"""Every item that was put is got once, those of one source in their order, with a full queue too."""

from rtos import HIGH, Thread
from rtos.queue import Queue


class State:
    def __init__(self):
        self.queue = Queue(2)
        self.got = []
        self.put = 0


def setup():
    state = State()
    Thread(getter, state).start()
    Thread(putter, state, priority=HIGH).start()
    return state


async def putter(state):
    for n in range(4):
        await state.queue.put(n)


async def getter(state):
    for _ in range(4):
        await get_own(state)


async def get_own(state):
    """Others put items above 100; these do not count."""
    while True:
        item = await state.queue.get()
        state.got.append(item)
        if item < 100:
            return


async def put(state):
    try:
        await state.queue.put(200, timeout_ms=50)
        state.put += 1
    except OSError:  # the getter has gone, and the queue is full
        assert state.queue.full()


def put_nowait(state):
    state.put += 1
    state.queue.put_nowait(101)


def hard_put(state):
    state.put += 1
    state.queue.put_nowait(102)


steps = [put]
interrupts = [put_nowait]
hard_interrupts = [hard_put]


def check(state):
    assert [item for item in state.got if item < 100] == [0, 1, 2, 3], state.got
    left = state.queue.qsize()
    assert len(state.got) + left == 4 + state.put - state.queue.dropped, (state.got, left)
