"""What the twin of the core takes from MicroPython: counters, heaps, deques; CPython gets its own."""

# Names with u are MicroPython's only, so that the build leaves the alternative out.
try:
    import ucollections
    import utime
except ImportError:
    from ._plainhost import (
        Task,
        TaskQueue,
        deque,
        filtered,
        os_error,
        ticks_add,
        ticks_diff,
        ticks_ms,
    )
    from ._plainhost import ticks_us as ticks
    from ._plainhost import ticks_us as ticks_us

    HOSTED = True
else:
    from _asyncio import Task, TaskQueue

    deque = ucollections.deque
    filtered = filter
    os_error = OSError
    ticks_add = utime.ticks_add
    ticks_diff = utime.ticks_diff
    ticks_ms = utime.ticks_ms
    ticks_us = utime.ticks_us
    ticks = utime.ticks_cpu
    if ticks() == 0:  # not every port counts
        ticks = ticks_us
    HOSTED = False

__all__ = (
    "HOSTED",
    "Task",
    "TaskQueue",
    "deque",
    "filtered",
    "os_error",
    "ticks",
    "ticks_add",
    "ticks_diff",
    "ticks_ms",
    "ticks_us",
)
