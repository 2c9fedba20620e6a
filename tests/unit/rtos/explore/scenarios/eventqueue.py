"""Calls of an event queue are made once, or were cancelled, in whatever context that happens.

With one dispatcher at a time, whoever else tries; and with UserEvents that are made meanwhile.
"""

from rtos import HIGH, EventQueue, Thread, UserEvent

SIZE = 6


class State:
    def __init__(self):
        self.queue = EventQueue(SIZE)
        self.posted = 0
        self.made = 0
        self.cancelled = 0
        self.periodic = 0  # its id
        self.beats = 0
        self.ended = None  # how many beats there were when it was cancelled
        self.users = 0
        self.user_calls = 0
        self.inside = False
        self.over = False  # events that come while check() looks do nothing
        self.last = None  # the latest that was posted


def setup():
    state = State()
    # Bound here, because hard handlers have no heap.
    state.handler = lambda: made(state)
    state.user_handler = lambda: user_made(state)
    state.user = UserEvent(state.queue, state.user_handler)
    state.periodic = state.queue.call_every(5, lambda: beat(state))
    Thread(dispatcher, state).start()
    Thread(poster, state, priority=HIGH).start()
    return state


def made(state):
    assert not state.inside
    state.inside = True
    for _ in range(1):
        state.made += 1
    state.inside = False


def user_made(state):
    state.user_calls += 1


def beat(state):
    state.beats += 1


async def dispatcher(state):
    try:
        await state.queue.dispatch(30)
    except RuntimeError as error:  # somebody else does
        assert "is being dispatched" in str(error)


async def poster(state):
    post(state)
    post_user(state)
    state.last = state.queue.call_in(7, state.handler)
    state.posted += state.last != 0
    cancel(state)
    post(state)
    cancel_periodic(state)


def post(state):
    if state.over:
        return
    id = state.queue.call(state.handler)
    state.posted += id != 0
    if id:
        state.last = id


def post_user(state):
    if state.over:
        return
    done = state.user.post()
    state.users += done  # in one: there is no branch


def cancel(state):
    if state.last is not None:
        done = state.queue.cancel(state.last)
        state.cancelled += done


def cancel_periodic(state):
    if state.queue.cancel(state.periodic):
        state.ended = state.beats


async def post_in_step(state):
    post(state)
    post_user(state)
    cancel_periodic(state)


async def make_room(state):
    for _ in range(2):
        own = UserEvent(state.queue, state.user_handler)
        done = own.post()
        state.users += done


async def dispatch(state):
    await dispatcher(state)


def soft_post(state):
    post(state)
    post_user(state)


def soft_cancel(state):
    cancel(state)


def hard_post(state):
    post(state)
    post_user(state)


def hard_cancel(state):
    cancel(state)


def hard_cancel_periodic(state):
    cancel_periodic(state)


steps = [post_in_step, make_room, dispatch]
interrupts = [soft_post, soft_cancel]
hard_interrupts = [hard_post, hard_cancel, hard_cancel_periodic]


def check(state):
    queue = state.queue
    cancel_periodic(state)
    state.over = True
    for _ in range(2):
        queue.dispatch_once()  # what came after the end of dispatch()
    assert state.made + state.cancelled == state.posted, (
        state.made,
        state.cancelled,
        state.posted,
    )
    assert state.user_calls == state.users, (state.user_calls, state.users)
    # One may have been under way.
    assert state.ended is not None and state.beats <= state.ended + 1, (state.beats, state.ended)
    for _ in range(SIZE):
        assert queue.call(state.handler)  # every place is free
    assert not queue.call(state.handler)
    queue.dispatch_once()
