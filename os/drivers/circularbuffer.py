"""CircularBuffer: the newest items; when it is full the oldest one is overwritten."""

from array import array

from machine import disable_irq, enable_irq
from micropython import const

_COUNT_MASK = const(0x3FFFFFFF)


class CircularBuffer:
    """A buffer for `capacity` items between any two contexts, interrupt handlers included.

    typecode: None: objects of any kind; "B", "b", "H", "h", "i", ... of the module array: numbers, in
    as little memory. ("I" and above hold numbers that are objects of the heap.)
    Raises ValueError. Allocates nothing later. Context of the methods: any, also hard handlers.
    Source: mbed's CircularBuffer.

        log = CircularBuffer(64, "H")
        adc_timer.attach(lambda timer: log.push(adc.read_u16()))

    Each item goes in or out in one piece. Spans go item by item: what two contexts push at the same
    time may be mixed.
    """

    # Between irq_off and irq_on there is no branch, at which a pending callback could come in: hence
    # the arithmetic with comparisons.

    def __init__(self, capacity, typecode=None):
        if not isinstance(capacity, int) or not 0 < capacity <= _COUNT_MASK:
            raise ValueError("CircularBuffer(capacity): room for 1 item at least")
        self._capacity = capacity
        if typecode is None:
            self._none = None
            self._items = [None] * capacity
        else:
            self._none = 0
            item_bytes = len(bytes(array(typecode, [0])))
            self._items = array(typecode, bytes(capacity * item_bytes))
        self._typecode = typecode
        self._next = 0  # where the next item goes
        self._count = 0
        self._lost = 0

    def __repr__(self):
        kind = "" if self._typecode is None else " of '%s'" % self._typecode
        return "<CircularBuffer %d of %d%s>" % (self._count, self._capacity, kind)

    def __len__(self):
        return self._count

    def __bool__(self):
        return self._count > 0

    @property
    def capacity(self):
        """How many items there is room for."""
        return self._capacity

    @property
    def overwritten(self):
        """How many items nobody has popped in time, modulo 2**30."""
        return self._lost

    def empty(self):
        return self._count == 0

    def full(self):
        return self._count == self._capacity

    def reset(self):
        """Drop all items."""
        while self._count:
            self.pop()

    def push(self, item):
        """Put an item in, in place of the oldest one if it is full.

        Of a number that is too large for the typecode the low bits are kept. Raises TypeError for
        what is no number; nothing has changed then.
        """
        items = self._items
        capacity = self._capacity
        state = disable_irq()
        try:
            at = self._next
            items[at] = item
            full = self._count == capacity
            self._next = (at + 1) % capacity
            self._count += 1 - full
            self._lost = self._lost + full & _COUNT_MASK
        finally:
            enable_irq(state)

    def push_span(self, span):
        """Put the items of a sequence in: bytes, an array, a memoryview, a list."""
        for item in span:
            self.push(item)

    def pop(self, default=None):
        """The oldest item, which is taken out; `default` if there is none."""
        items = self._items
        state = disable_irq()
        count = self._count
        at = (self._next - count) % self._capacity
        item = items[at]
        items[at] = self._none
        self._count = count - (count > 0)
        enable_irq(state)
        return item if count else default

    def pop_into(self, span):
        """Take the oldest items out into a bytearray, an array or a list; returns how many."""
        n = 0
        room = len(span)
        while n < room:
            item = self.pop(self)
            if item is self:  # it is empty
                break
            span[n] = item
            n += 1
        return n

    def peek(self, default=None):
        """The oldest item, which stays; `default` if there is none."""
        items = self._items
        state = disable_irq()
        count = self._count
        item = items[(self._next - count) % self._capacity]
        enable_irq(state)
        return item if count else default

    def peek_into(self, span):
        """Copy the oldest items into a bytearray, an array or a list; returns how many.

        The copy is of one moment only if nobody pushes meanwhile.
        """
        n = min(len(span), self._count)
        items = self._items
        at = self._next - self._count
        for i in range(n):
            span[i] = items[(at + i) % self._capacity]
        return n
