"""Two interrupts, the second within the loop that the first lengthens, break it; neither alone."""


class State:
    def __init__(self):
        self.armed = False
        self.broken = False


def setup():
    return State()


async def main(state):
    if state.armed:
        for _ in range(3):
            pass


def first(state):
    state.armed = True


def second(state):
    if state.armed:
        state.broken = True


interrupts = [first, second]
alarm = False


def check(state):
    assert not state.broken
