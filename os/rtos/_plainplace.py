"""Places of the twin of the core: what strands park on, and the lists of who waits for what.

A strand parks on the iterator of a deque. It yields once after each append, then it ends with None, and
is never used up: that is `place`. Where the wait can have a value, it parks on filter(next, place),
which is `answer`: a strand that is in the deque comes through, see Strand.__next__; a Task of asyncio
that is done raises what is in it, StopIteration(value) for instance. If the value is there already, the
Task itself is awaited. C raises that for 300 instructions; a function in Python takes seven times as
much, and a coroutine of its own for each wait thirty times.
"""

from micropython import const

from ._plainport import Task, TaskQueue, deque, filtered

# Names of this module cost a third of the builtins.
_Stop = StopIteration
_type = type
_int = int

_BASE = const(256)

#: An await of it is over at once.
OVER = iter(deque((), 1))


def rest(_):
    """Stands in for send() where there is nothing to step."""
    return None


class Nobody:
    """What is `top` at the base level; and what is below all strands that are ready."""

    def __init__(self):
        self.state = _BASE
        self.owner = None
        self.host = False
        self.priority = self.low = self.high = self.runs = 0
        self.node = Task(self)
        self.step = rest


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


def prepare(strand):
    """Once, when it waits for a value the first time. Returns the strand's Task."""
    strand.end = end = Task(strand)
    end.state = False  # asyncio says: it raises its data, and has been awaited
    strand.stop_value = None  # what `end` returns, if that is a number
    strand.answer = filtered(next, strand.place)
    return end


def raise_at_once(strand, error):
    """An awaitable that raises the error."""
    end = strand.end or prepare(strand)
    strand.stop_value = None  # for it is not in `end`
    end.data = error
    end.state = None  # asyncio says: has not been awaited
    return end


def fill(strand, value):
    """Have `end`, which is returned, end an await with the value; the strand is prepared.

    Allocates an exception, but for the number that was the last one, too: flags are often the same.
    """
    end = strand.end
    if value is not strand.stop_value:
        end.data = _Stop(value)
        # What else it might be is not compared: it may change.
        strand.stop_value = value if _type(value) is _int else None
    return end


def disarm(strand):
    """Nothing is in the way of the next wait. Returns whether something was."""
    found = False
    for _ in strand.place:
        found = True
    return found


def awaited(strand):
    """Whether what a strand was served has been awaited."""
    return not disarm(strand) and strand.end.state is False
