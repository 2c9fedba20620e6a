"""What the twin of the core finds in MicroPython's C modules, for CPython."""

import os
import time
from collections import deque as _Items

_PERIOD = 1 << 30


def ticks_ms():
    return time.monotonic_ns() // 1_000_000 % _PERIOD


def ticks_us():
    return time.monotonic_ns() // 1000 % _PERIOD


def ticks_add(ticks, delta):
    return (ticks + delta) % _PERIOD


def ticks_diff(end, start):
    return (end - start + _PERIOD // 2) % _PERIOD - _PERIOD // 2


def os_error(errno):
    """OSError(errno) has no errno here."""
    return OSError(errno, os.strerror(errno))


class deque(_Items):
    """A deque whose iterator takes the items out."""

    def __init__(self, items, maxlen):
        super().__init__(items)

    def __iter__(self):
        return Place(self)


class Place:
    """An iterator that can be awaited, like those of MicroPython's deques."""

    def __init__(self, items):
        self._items = items

    def __iter__(self):
        return self

    __await__ = __iter__

    def __next__(self):
        if not self._items:
            raise StopIteration
        return self._items.popleft()


class filtered(Place):
    """filter(next, a place of strands and Tasks), which can be awaited."""

    def __init__(self, _, items):
        super().__init__(items)

    def __next__(self):
        item = next(self._items)
        return next(item) if isinstance(item, Task) else item


class Task:
    """A node of a TaskQueue; as an iterator it raises its data."""

    def __init__(self, coro):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __await__(self):
        self.state = False
        return self

    def __next__(self):
        raise self.data


class TaskQueue:
    """Tasks by key, first come first served among equals."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key):
        assert task not in self._tasks
        task.ph_key = key
        at = len(self._tasks)
        while at and ticks_diff(key, self._tasks[at - 1].ph_key) < 0:
            at -= 1
        self._tasks.insert(at, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)
