"""What Queue finds in MicroPython's collections, for CPython."""

from collections import deque as _Items


class deque(_Items):
    """A deque that refuses an item too many, as MicroPython's with the flag does."""

    def __init__(self, items, maxlen, flags):
        super().__init__(items)
        self._limit = maxlen

    def append(self, item):
        if len(self) >= self._limit:
            raise IndexError("full")
        super().append(item)
