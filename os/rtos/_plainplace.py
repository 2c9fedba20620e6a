"""Places of the twin of the core: what strands park on, and the lists of who waits for what.

`place` ends with None; `answer` ends with a value, or raises. Each has the strand once for each `key`.
"""

from ._plainport import Task, TaskQueue, deque, mapped

#: An await of it is over at once.
OVER = iter(deque((), 1))


class Waitable:
    """How everything begins that strands can wait for."""

    def __init__(self):
        self.waiting = 0
        self.queue = TaskQueue()  # by priority, first come first served

    def renew(self):
        """Who waits has changed, or its priority. A mutex has an owner to whom that matters."""


def join(strand, waitable):
    strand.waits_for = waitable
    waitable.waiting += 1
    waitable.queue.push(strand.node, strand.urgency)


def leave(strand):
    """Take a strand off the list that it is in. Returns what it has waited for, or None."""
    waitable = strand.waits_for
    if waitable is not None:
        strand.waits_for = None
        waitable.waiting -= 1
        waitable.queue.remove(strand.node)
    return waitable


def take_first(waitable):
    """Take the first strand off; there must be one."""
    waitable.waiting -= 1
    strand = waitable.queue.pop().coro
    strand.waits_for = None
    return strand


def make_answer(strand):
    """Make what a strand needs to wait for values: once, the first time."""
    items = deque((), 2)
    strand.keys = iter(items)
    strand.add_key = items.append
    strand.drop_key = items.pop
    strand.end = end = Task(strand)
    end.state = None  # asyncio's word for: as an iterator it raises its data
    strand.answer = mapped(next, strand.place)


def key_answer(strand):
    """Have the next await of the strand's answer yield the strand."""
    if strand.answer is None:
        make_answer(strand)
    strand.valued = True
    strand.key(strand.keys)
    strand.add_key(strand)


def end_answer(strand, error):
    """Have the next await of the strand's answer raise the error; StopIteration(value) returns."""
    if strand.answer is None:
        make_answer(strand)
    strand.end.data = error
    strand.key(strand.end)


def unkey(strand):
    """Take back what the strand was to yield at its next await."""
    strand.unkey()
    if strand.valued:
        strand.drop_key()


def rekey(strand):
    """What the strand was to yield was yielded by another: put it back."""
    if strand.valued:
        key_answer(strand)
    else:
        strand.key(strand)


def unawaited(strand):
    """Whether what the strand was served with is still there; it is not any more."""
    found = False
    for _ in strand.place:
        found = True
    return found
