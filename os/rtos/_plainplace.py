"""Places of the twin of the core: what strands park on, and the lists of who waits for what.

A strand parks on the iterator of a deque. It yields once after each append, then it ends with None, and
is never used up: that is `place`. `answer` is map(next, place), whose items are iterators: one yields the
strand, another, a Task of asyncio, raises what is in it, StopIteration(value) for instance. C raises
that for 1,400 instructions; a function in Python takes more than twice as much, and a coroutine of
its own for each wait five times.
"""

from ._plainport import Task, TaskQueue, deque, mapped

# Names of this module cost a third of the builtins.
_Stop = StopIteration
_type = type
_int = int

#: An await of it is over at once.
OVER = iter(deque((), 1))


class Waitable:
    """How everything begins that strands can wait for."""

    def __init__(self):
        self.queue = TaskQueue()  # by priority, first come first served
        self.owed = 0  # for post_surely(), as is the next
        self.next_owing = None

    def renew(self):
        """Who waits has changed, or its priority: the owner of a mutex has to know."""


def join(strand, waitable):
    strand.waits_for = waitable
    waitable.queue.push(strand.node, strand.urgency)


def leave(strand):
    """Take a strand off the list that it is in. Returns what it has waited for, or None."""
    waitable = strand.waits_for
    if waitable is not None:
        strand.waits_for = None
        waitable.queue.remove(strand.node)
    return waitable


def take_first(waitable):
    """Take the first strand off; there must be one."""
    strand = waitable.queue.pop().coro
    strand.waits_for = None
    return strand


def _make_answer(strand):
    """Once, when the strand waits for a value the first time."""
    items = deque((), 2)
    strand.keys = iter(items)
    strand.add_key = items.append
    strand.end = end = Task(strand)
    end.state = None  # asyncio's word for: as an iterator it raises its data
    strand.stop_value = None  # what `stop` returns, if that is a number
    strand.answer = mapped(next, strand.place)


def prepare_answer(strand):
    """The strand's answer, made when it is used first."""
    if strand.answer is None:
        _make_answer(strand)
    return strand.answer


def arm_answer(strand):
    """Have the next await of the strand's answer, which is returned, yield the strand."""
    answer = prepare_answer(strand)
    strand.valued = True
    strand.arm(strand.keys)
    strand.add_key(strand)
    return answer


def end_answer(strand, error):
    """Have the next await of the strand's answer raise the error."""
    if strand.answer is None:
        _make_answer(strand)
    strand.end.data = error
    strand.arm(strand.end)


def end_value(strand, value):
    """Have the next await of the strand's answer return the value.

    Allocates an exception, but for the number that was the last one, too: flags are often the same.
    """
    if strand.answer is None:
        _make_answer(strand)
    if value is not strand.stop_value:
        strand.stop = _Stop(value)
        # What else it might be is not to be kept from the collector.
        strand.stop_value = value if _type(value) is _int else None
    strand.end.data = strand.stop
    strand.arm(strand.end)


def disarm(strand):
    """Nothing is in the way of the next wait. Returns whether something was."""
    found = False
    for _ in strand.place:
        found = True
    if strand.valued:
        strand.valued = False
        for _ in strand.keys:
            pass
    return found
