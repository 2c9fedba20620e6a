"""Deadlines of the twin of the core: asyncio's heap in C, and the clock."""

from micropython import const

from ._plainport import Task, TaskQueue, ticks_add, ticks_diff, ticks_ms

# Keys of the heap are compared modulo 2**30 where small ints have 31 bits, so a longer wait is
# made of parts.
_PART_MS = const(1 << 28)
_MASK = const(0x3FFFFFFF)

_heap = TaskQueue()
_virtual = False
_virtual_ms = 0  # what set_clock() was given, modulo 2**30
_virtual_ticks = 0  # the same as it is in the heap


def _ticks():
    return _virtual_ticks if _virtual else ticks_ms()


def now():
    """Milliseconds modulo 2**30."""
    return (_virtual_ms if _virtual else ticks_ms()) & _MASK


def set_clock(ms):
    """Time stands still at `ms` until the next call; None: the board's clock again."""
    global _virtual, _virtual_ms, _virtual_ticks
    if ms is None:
        _virtual = False
        return
    ms &= _MASK
    step = (ms - _virtual_ms) & _MASK
    if not _virtual:
        _virtual_ticks = ms
    elif step < 1 << 29:
        _virtual_ticks = ticks_add(_virtual_ticks, step)
    else:
        _virtual_ticks = ticks_add(_virtual_ticks, step - _MASK - 1)
    _virtual = True
    _virtual_ms = ms


def set_deadline(strand, delay_ms):
    """Returns whether it is the earliest."""
    if strand.timed:
        clear_deadline(strand)
    task = strand.alarm
    if task is None:
        task = strand.alarm = Task(strand)
    part = delay_ms if delay_ms < _PART_MS else _PART_MS
    strand.rest_ms = delay_ms - part
    strand.timed = True
    _heap.push(task, ticks_add(_ticks(), part))
    return _heap.peek() is task


def clear_deadline(strand):
    if strand.timed:
        strand.timed = False
        _heap.remove(strand.alarm)


def take_due():
    """A strand whose time is up, taken off; or how many ms are left; or None."""
    while True:
        task = _heap.peek()
        if task is None:
            return None
        left = ticks_diff(task.ph_key, _ticks())
        if left > 0:
            return left
        strand = task.coro
        if not strand.rest_ms:
            strand.timed = False
            _heap.pop()
            return strand
        part = strand.rest_ms if strand.rest_ms < _PART_MS else _PART_MS
        strand.rest_ms -= part
        key = ticks_add(task.ph_key, part)
        _heap.pop()
        _heap.push(task, key)


def reset():
    global _virtual
    while _heap.peek() is not None:
        _heap.pop().coro.timed = False
    _virtual = False
