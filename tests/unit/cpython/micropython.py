"""MicroPython's module of that name for CPython: scheduled calls wait for run_scheduled()."""

import gc
import sys
import traceback
from collections import deque

gc.mem_alloc = gc.mem_free = lambda: 0
sys.print_exception = lambda error: traceback.print_exception(error, file=sys.stdout)

_DEPTH = 4
_scheduled = deque()


def const(value):
    return value


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
