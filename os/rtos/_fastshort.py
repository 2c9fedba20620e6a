"""_plainshort.py in machine code, which only handlers interrupt: these clear `quick` of the queue."""

import micropython
from micropython import const

import rtos._fast as core

from ._fast import hand, preempt, wake_first
from ._plainplace import prepare

_BEGUN = const(1)
_DEPTH = const(255)
_HANDED = const(1024)

_none = None
_true = True
_false = False


@micropython.native
def put(self, item, priority=0, timeout_ms=None):
    """Put an item in, when there is room for it. Awaitable of None.

    priority: 0 to 255, higher ones come out first. timeout_ms: None = wait for ever, 0 = do not.
    Raises OSError(ETIMEDOUT) if there was no room in that time; ValueError. Context: thread.
    """
    if self.quick and not priority:
        place = _put(self, item)
        if place is not None:
            return place
    self.priority = priority
    self.timeout_ms = timeout_ms
    return self.wait_to_put(item)


@micropython.viper
def _put(queue, item) -> object:
    """None: this is not for here."""
    strand = core.top
    state = int(strand.state)
    if state and (state != _HANDED or strand.end.state is not _false):
        return None
    return strand.place if _add(queue, item) else None


@micropython.viper
def _add(queue, item) -> object:
    """Whether the item could be put into the queue, or be given to the first who waits for it."""
    if not queue.short:
        getters = queue.getters
        if getters.queue.peek() is _none:
            return _false
        strand = wake_first(getters, item)
        if getters.queue.peek() is _none:
            queue.short = _true  # there are no items, or nobody would have waited
        if int(strand.priority) > int(core.top.priority):
            preempt(strand)
        return _true
    try:
        queue.plain_append(item)
        return _true
    except IndexError:
        return _false


@micropython.native
def get(self, timeout_ms=None):
    """Take the next item out, when there is one. Awaitable of the item.

    timeout_ms: None = wait for ever, 0 = do not.
    Raises OSError(ETIMEDOUT) if none came in that time; ValueError. Context: thread.
    """
    if self.quick and timeout_ms is None:
        answer = _get(self)
        if not self.quick:
            self.catch_up(None, None)  # a handler that came before does not know of this getter
        if answer is not None:
            return answer
    return self.wait_to_get(timeout_ms)


@micropython.viper
def _get(queue) -> object:
    """None: this is not for here."""
    strand = core.top
    state = int(strand.state)
    if state and (state != _HANDED or strand.end.state is not _false):
        return None
    try:
        return hand(strand, queue.popleft())
    except IndexError:
        pass
    if not strand.end:
        prepare(strand)
    getters = queue.getters
    queue.short = _false
    strand.state = _BEGUN
    strand.waits_for = getters
    getters.queue.push(strand.node, strand.urgency)
    strand.arm(strand)
    return strand.answer


@micropython.native
def put_nowait(self, item, priority=0):
    """Put an item in if there is room for it. Returns whether; if not, `dropped` counts it.

    priority: as for put(). Raises ValueError. Context: any, ISR too; allocates nothing.
    """
    if not _may():
        return self.leave(item, priority)
    if self.quick and not priority and _add(self, item):
        return True
    return self.put_long(item, priority)


@micropython.native
def get_nowait(self, default=None):
    """Take the next item out if there is one, else return `default`.

    In a handler, and while the kernel is locked, it finds nothing. Context: thread, base level,
    callback; allocates nothing.
    """
    if not _may():
        return default
    if self.quick:
        try:
            return self.popleft()
        except IndexError:
            return default
    return self.get_long(default)


@micropython.viper
def _may() -> object:
    """Whether the caller is no handler, and has not interrupted what holds the lock."""
    isr = core.in_isr
    if isr and isr():
        return _false
    return _false if core.busy or int(core.attention) & _DEPTH else _true
