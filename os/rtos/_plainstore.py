"""Where a Queue keeps items that are not plain ones put in by threads."""

from .core import post


class Ranked:
    """Items by priority; the next one is the last."""

    def __init__(self, size):
        self.count = 0
        self._items = [None] * size
        self._priorities = bytearray(size)

    def add(self, item, priority):
        """Put an item behind those that are as urgent or more."""
        items = self._items
        priorities = self._priorities
        at = self.count
        self.count = at + 1
        while at and priorities[at - 1] >= priority:
            priorities[at] = priorities[at - 1]
            items[at] = items[at - 1]
            at -= 1
        priorities[at] = priority
        items[at] = item

    def next(self):
        """The next item."""
        return self._items[self.count - 1]

    def remove(self):
        """Drop the next item."""
        self.count -= 1
        self._items[self.count] = None


class Ring:
    """Items of handlers. They alone write `tail`, and what they have left is taken with the lock."""

    def __init__(self, size):
        self.head = 0
        self.tail = 0
        self._last = size
        self._items = [None] * (size + 1)
        self._priorities = bytearray(size + 1)
        self._adding = False

    def __len__(self):
        return (self.tail - self.head) % (self._last + 1)

    def add(self, item, priority, queue, late):
        """Add an item if `queue` is not full. Returns whether.

        late: called later, through a post, with the item that a handler brings which has interrupted
        another one in here.
        """
        if self._adding:
            return post(late, item, priority)
        self._adding = True
        fits = not queue.full()
        if fits:
            tail = self.tail
            self._items[tail] = item
            self._priorities[tail] = priority
            self.tail = tail + 1 if tail < self._last else 0
        self._adding = False
        return fits

    def next(self):
        """The next item."""
        return self._items[self.head]

    def priority(self):
        """The priority of the next item."""
        return self._priorities[self.head]

    def remove(self):
        """Drop the next item."""
        head = self.head
        self._items[head] = None
        self.head = head + 1 if head < self._last else 0
