"""The twin of the core as one module, with the names of _native."""

import rtos._plainpost as _plainpost
import rtos._plaintime as _plaintime

from ._plainbudget import spent
from ._plainmain import core, post
from ._plainmutex import Mutex, abandon
from ._plainodd import budget, hold, reset, set_hooks
from ._plainpost import (
    LEVELS_NEST,
    Drain,
    allocated,
    cycles,
    cycles_hz,
    interrupted,
    keep_interrupts,
    nest,
    output,
    output_lost,
    raw_repl,
    stack_left,
    throw,
)
from ._plainstrand import Strand, ready
from ._plainsync import EventFlags, Semaphore
from ._plaintime import now
from ._plainwait import (
    Waiters,
    alarm,
    expire,
    next_ms,
    park,
    served,
    set_clock,
    sleep_ms,
)

enter = core.enter
in_callback = core.in_callback
in_thread = core.in_thread
kick = core.kick
limit = core.limit
lock = core.lock
locked = core.locked
posts_lost = core.posts_lost
run = core.run
running = core.running
unlock = core.unlock
yield_ = core.yield_

__all__ = (
    "LEVELS_NEST",
    "Drain",
    "EventFlags",
    "Mutex",
    "Semaphore",
    "Strand",
    "Waiters",
    "abandon",
    "alarm",
    "allocated",
    "budget",
    "configure",
    "cycles",
    "cycles_hz",
    "enter",
    "expire",
    "hold",
    "in_callback",
    "in_isr",
    "in_thread",
    "interrupted",
    "keep_interrupts",
    "kick",
    "limit",
    "lock",
    "locked",
    "nest",
    "next_ms",
    "now",
    "output",
    "output_lost",
    "park",
    "post",
    "posts_lost",
    "raw_repl",
    "ready",
    "run",
    "running",
    "served",
    "set_clock",
    "sleep_ms",
    "spent",
    "stack_left",
    "throw",
    "unlock",
    "yield_",
)


def configure(
    drain=None, outside=None, irq_off=None, irq_on=None, in_isr=None, imported=None, program=None
):
    """What the kernel gives the core.

    drain: the Drain that is pended when a strand should preempt. outside(object, name, *args): makes
    awaitables for callers that are no threads. irq_off() -> state, irq_on(state), in_isr() -> bool.
    imported, program: not called; nothing here is told of imports, and run() returns for the alarm.
    """
    set_hooks(drain, outside, in_isr)
    core.set_irq(irq_off, irq_on)


def in_isr():
    """Whether an interrupt handler runs, as far as the board can tell."""
    return core.is_isr()


def __init__():
    """As after a reset of the board, for tests; _native has the same."""
    configure()
    reset()
    core.reset_posts()
    _plaintime.reset()
    _plainpost.reset()
