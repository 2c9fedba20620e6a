"""What the core in machine code leaves to Python, because it is seldom."""

from micropython import const

import rtos._fast as core

from ._fastring import pay
from ._plainport import ticks
from ._plainpost import flow

_LOW = const(0x1FFFFFFF)


def drain_failed(to, error):
    """A posted call has raised the error, or a step has, and its strand has ended."""
    if core.draining:
        core.draining = False
        core.kick()
        pay()
        _tell(to, 0, error)
        return
    strand = core.top
    core.top = below = core.frames.pop()
    core.deep = len(core.frames) > 1
    below.low -= ticks() - core.drain_began & _LOW
    if strand is below:
        core.busy = False
        _tell(to, 0, error)
    else:
        core.end(strand, error)
        _tell(to, 2, strand)


def drain_on(to, result):
    if result is not False:
        _tell(to, 2, result)
    elif to.reserve is None:
        to.entry(None)
    else:
        to.pending = False
        flow.calling = True
        try:
            where = core.enter(None)
        except BaseException as error:
            _tell(to, 0, error)
        else:
            if where:
                _tell(to, where, None)
        flow.calling = False


def _tell(to, where, result):
    flow.calling = True
    try:
        to.function(where, result)
    finally:
        flow.calling = False


def settle(below, error):
    """A step has raised the error: its strand has ended, and is returned. None: it was no step."""
    strand = core.top
    if strand is below:
        core.busy = False
        return None
    core.top = below
    core.end(strand, error)
    return strand


core.drain_failed = drain_failed
core.drain_on = drain_on
core.settle = settle
