"""MicroPython's module of that name for CPython: scheduled calls wait for run_scheduled()."""

import gc
import sys
import time
import traceback
from collections import deque

gc.mem_alloc = gc.mem_free = lambda: 0
sys.print_exception = lambda error: traceback.print_exception(error, file=sys.stdout)

_DEPTH = 4
_scheduled = deque()

_TICKS_PERIOD = 1 << 30
#: Microseconds of MicroPython's time.ticks_…(), which only MicroPython's sleeps move.
_now_us = 0


def _sleep_us(us):
    global _now_us
    _now_us += us


def _ticks_diff(end, start):
    return (end - start + _TICKS_PERIOD // 2) % _TICKS_PERIOD - _TICKS_PERIOD // 2


def use_clock(now, advance):
    """Have MicroPython's time follow a simulation's: now() in us, advance(us)."""
    global _now, _sleep_us
    _now = now
    _sleep_us = advance


def _now():
    return _now_us


time.ticks_us = lambda: _now() % _TICKS_PERIOD
time.ticks_ms = lambda: _now() // 1000 % _TICKS_PERIOD
time.ticks_add = lambda ticks, delta: (ticks + delta) % _TICKS_PERIOD
time.ticks_diff = _ticks_diff
time.sleep_us = lambda us: _sleep_us(us)
time.sleep_ms = lambda ms: _sleep_us(ms * 1000)


def const(value):
    return value


def heap_lock():
    return 1


def heap_unlock():
    return 0


def schedule(function, argument):
    if len(_scheduled) == _DEPTH:
        raise RuntimeError("schedule queue full")
    _scheduled.append((function, argument))


def run_scheduled():
    """Call what is scheduled, as MicroPython does at a branch."""
    while _scheduled:
        function, argument = _scheduled.popleft()
        function(argument)


def __getattr__(name):
    """A module with native code cannot be imported here, so that its twin is."""
    if name in ("native", "viper", "asm_thumb"):
        raise ImportError(f"no @micropython.{name} on CPython")
    raise AttributeError(name)
