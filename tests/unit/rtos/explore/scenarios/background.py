"""In the background: threads run over plain code, and time passes when that says so."""

from rtos import HIGH, LOW, Semaphore, Thread, sleep_ms, wait


class State:
    def __init__(self):
        self.semaphore = Semaphore()
        self.ticks = 0
        self.served = 0
        self.released = 0


def setup():
    state = State()
    Thread(ticker, state, priority=LOW).start()
    Thread(server, state, priority=HIGH).start()
    return state


async def ticker(state):
    for _ in range(3):
        await sleep_ms(10)
        state.ticks += 1


async def server(state):
    while True:
        await state.semaphore.acquire()
        state.served += 1


def base(state, port):
    state.semaphore.release()
    port.advance(15)
    wait(sleep_ms(1))
    port.advance(20)
    state.released += 1


async def serve(state):
    state.released += 1
    state.semaphore.release()


def hard_release(state):
    state.released += 1
    state.semaphore.release()


steps = [serve]
hard_interrupts = [hard_release]


def check(state):
    assert state.ticks == 3, state.ticks
    assert state.served + state.semaphore.count() == state.released
