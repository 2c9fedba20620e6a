"""The kernel: has the core step what is ready, at the base level or on top of what runs there.

`run()` is the foreground form: the kernel is the base level. `start()` is the background form: the
REPL, or whatever plain code called it, is the base level, and threads run on top of it, driven
by interrupts. What may preempt what is in docs/rtos.md, and why in docs/adr/0003-kernel.md.
"""

import builtins
import gc
import sys

from micropython import const

from .core import (
    LEVELS_NEST,
    Drain,
    Strand,
    alarm,
    allocated,
    budget,
    configure,
    cycles_hz,
    expire,
    hold,
    interrupted,
    keep_interrupts,
    kick,
    lock,
    nest,
    next_ms,
    now,
    park,
    raw_repl,
    ready,
    running,
    spent,
    throw,
    unlock,
)
from .core import run as run_ready

# Bytes of C stack that a preempting step must find; with less it waits until what it would
# interrupt has yielded. A bytecode frame takes about 200, a C call that formats text some hundred.
_STACK_RESERVE = const(6 * 1024)
# In the background threads up to Normal get so much, then the base its share: two fifths of that.
_BUDGET_MS = const(5)
_BASE_PARTS = const(2)
_PARTS = const(5)
_NORMAL = const(24)
_NORMAL_TOP = const(31)
_TOP = const(55)
# A thread that keeps the base waiting that long when Ctrl-C is pressed gets it itself.
_HOG_MS = const(500)
# Collect in idle times once a quarter of the heap was handed out.
_GC_SHARE = const(4)
# What run() gives threads to end in, in steps, before it closes them.
_END_ROUNDS = const(50)

_TICKS_MASK = const(0x3FFFFFFF)

# What run() of the core returns besides strands.
_AGAIN = const(1)
_BUDGET = const(2)
# What enter() returns.
_OVER_STRAND = const(2)
_CTRL_C = const(4)

_REFUSED = "a thread awaits what rtos does not know; for asyncio: await rtos.aio(...)"


def _nothing(_=None, __=None):  # not *_, which allocates at every call
    pass


class Hooks:
    """What somebody who watches the kernel can plug in; called by the kernel, so they must not wait.

    started(thread), ended(thread, error), idle(delay_ms): delay_ms None = for ever,
    overrun(ms): threads above Normal kept the base waiting that long.
    """

    def __init__(self):
        self.started = self.ended = self.idle = self.overrun = _nothing


#: The hook slots.
hooks = Hooks()


class _Kernel:
    """What there is one of."""

    def __init__(self):
        self.port = None  # None: not running
        self.background = False
        self.threads = []  # those that have started and not ended
        self.rest = None
        self.draining = False  # over the base
        self.flush = None
        self.flushing = False  # what threads have printed waits for the end of the raw REPL
        self.ms_cycles = 0
        self.rest_ms = 0
        self.ctrl_c = False  # a thread has got what was meant for run()
        self.hog = None
        self.hog_runs = 0
        self.hog_since = 0
        self.heap = 0
        self.pause_ms = 0
        self.asyncio = None  # its thread, of aioloop.py, once asyncio has been imported
        self.stepping = None  # the same, while a task's step is under way
        self.nudge = False  # what plain code waits for has come: have it not fall asleep
        self.drained = _nothing  # called at the end of each outermost drain


kernel = _Kernel()


class Service:
    """The owner of a strand that belongs to the kernel itself.

    function: an async function without arguments.
    """

    def __init__(self, function, priority=_TOP):
        self.strand = Strand(function(), self, priority)

    def ended(self, strand):
        if strand.error is not None:
            panic(strand.error)


def panic(error):
    """Report an exception that the kernel itself, its port or a hook has raised; go on."""
    print("the kernel caught:")
    sys.print_exception(error)


# ---- Stepping


def _set_alarm():
    # On stock firmware only: the core in C calls port.program() itself.
    lock()  # or a drain in between sets another alarm, which this one would undo
    try:
        delay_ms = expire()
        if delay_ms is not False:
            kernel.port.program(delay_ms)
    finally:
        unlock()


def _attend(result):
    """See to what made run_ready() return; `result` is not 0. Returns whether to call it again."""
    if result == _AGAIN:
        _set_alarm()
        return True
    if result == _BUDGET:
        return False
    if result.coroutine is None:
        if isinstance(result.error, KeyboardInterrupt) and not kernel.background:
            kernel.ctrl_c = True  # nothing has kept it, so it has hit what ran
        result.owner.ended(result)
    else:
        # It has awaited what belongs to another event loop, or has said `yield`.
        result.fail(RuntimeError(_REFUSED))
    return True


def _serve():
    """At the base level: step ready threads until none is left or Ctrl-C was pressed."""
    result = run_ready(0)
    while result and _attend(result):
        if kernel.ctrl_c or (interrupted() and not kernel.background):
            break
        result = run_ready(0)


def _drain(where, result):
    """Called by MicroPython's scheduler after each kick(), unless the Drain has done all by itself.

    where: what enter() says; 0: something has raised result. result: what run() has returned over a
    strand; None: nothing was stepped yet.
    """
    try:
        if where == 0:
            panic(result)
        elif result is not None:
            _go_on(result)
        else:
            _step(where)
    except BaseException as error:
        panic(error)


def _step(where):
    if where & _CTRL_C:
        where -= _CTRL_C
        _check_hog()
    if where == _OVER_STRAND:
        asyncio = kernel.stepping
        if asyncio is not None:
            asyncio.suspend()
        try:
            _go_on(nest(run_ready, 0))
        finally:
            if asyncio is not None:
                asyncio.resume()
    # In the foreground run() steps them itself: nothing preempts what a callback steps on stock
    # firmware.
    elif kernel.background and not kernel.draining:  # else it goes on when this has returned
        _drain_over_base()


def _go_on(result):
    """Step what may run on top of what the drain has interrupted, from what run() has returned."""
    while result and nest(_attend, result):
        result = nest(run_ready, 0)
    return result


def _drain_over_base():
    kernel.draining = True
    result = 0
    try:
        result = _go_on(nest(run_ready, 0))
        if kernel.nudge:
            kernel.nudge = False
            kick()  # so that port.idle(), which the base may be about to call, returns
        if raw_repl() and not kernel.flushing:
            kernel.flushing = True
            ready(kernel.flush.strand)
        kernel.drained()
        _collect()
    finally:
        used = spent()
        kernel.draining = False
    if result == _BUDGET:
        # One for the remainder, one for the millisecond that is part over.
        kernel.rest_ms = hold(_NORMAL_TOP) // _PARTS * _BASE_PARTS // kernel.ms_cycles + 2
        ready(kernel.rest.strand)  # which pends the next drain
    elif used > kernel.ms_cycles * _BUDGET_MS:
        hooks.overrun(used // kernel.ms_cycles)


async def _rest():
    """Ends the time that belongs to the base."""
    while True:
        await park(None, kernel.rest_ms)
        hold(0)
        await park()


def _longest():
    """The thread whose step began first of those under way: the others are on top of it."""
    found = None
    for thread in kernel.threads:
        strand = thread.strand
        if strand.stepping and (found is None or strand.priority < found.strand.priority):
            found = thread
    return found


def _check_hog():
    """Ctrl-C waits for a thread to yield: after a while that thread gets it itself.

    In the foreground it ends run(), too.
    """
    thread = _longest()
    if thread is None:
        kernel.hog = None
    elif thread is not kernel.hog or thread.strand.runs != kernel.hog_runs:
        kernel.hog = thread
        kernel.hog_runs = thread.strand.runs
        kernel.hog_since = now()
        ready(kernel.watch.strand)
    elif (now() - kernel.hog_since) & _TICKS_MASK >= _HOG_MS and running() is thread:
        if kernel.background:
            interrupted(True)
        kernel.hog = None
        throw(KeyboardInterrupt)


async def _watch():
    """Its alarm calls the drain when _check_hog() wants to look again."""
    while True:
        await park(None, _HOG_MS + 1)
        await park()


def _collect():
    """Collect garbage in idle time, if it pays and nobody has to wait for it."""
    if allocated() * _GC_SHARE <= kernel.heap:
        return
    delay_ms = next_ms()
    if delay_ms is None or delay_ms > kernel.pause_ms:
        start = now()
        gc.collect()
        kernel.pause_ms = (now() - start) & _TICKS_MASK


# ---- Running


def _begin(port, background):
    if kernel.port is not None:
        raise RuntimeError("the kernel runs already: start threads with Thread(...).start()")
    if port is None:
        from kernelport import Port

        port = Port()
    from .outside import outside
    from .rawoutput import flush

    kernel.background = background
    kernel.draining = False
    kernel.hog = None
    kernel.ms_cycles = cycles_hz() // 1000
    kernel.heap = gc.mem_alloc() + gc.mem_free()
    configure(
        drain=Drain(_drain, _STACK_RESERVE),
        outside=outside,
        irq_off=port.irq_off,
        irq_on=port.irq_on,
        in_isr=port.in_isr,
        imported=_take_asyncio,
        program=port.program,
    )
    budget(kernel.ms_cycles * _BUDGET_MS if background else 0)
    port.attach(alarm)
    kernel.port = port
    kernel.rest = Service(_rest)
    kernel.watch = Service(_watch)
    kernel.flush = Service(flush, _NORMAL)
    kernel.flushing = background
    if background:
        ready(kernel.flush.strand)  # it prints what an earlier kernel has left
    if not LEVELS_NEST and sys.implementation.name == "micropython":
        _import_asyncio()
    _take_asyncio()
    alarm()  # threads may wait for a time already


def _take_asyncio():
    """Have asyncio run under the kernel, once a program has imported it."""
    if "asyncio.core" in sys.modules:
        from .aiopatch import patch

        patch()


def _import_asyncio():
    """Stock firmware cannot tell when a program does, and a thread that awaits what is asyncio's,
    before the kernel has seen to it, would crash the interpreter.
    """
    load = builtins.__import__  # by this name it is no reason for a build to include asyncio
    try:
        load("asyncio")
    except ImportError:
        pass


def _end():
    try:
        while True:  # Ctrl-C has come between lock() and unlock(), where nothing keeps it
            unlock()
    except RuntimeError:
        pass  # not locked, or no longer
    hold(0)
    for _ in range(_END_ROUNDS):
        kernel.ctrl_c = False
        threads = list(kernel.threads)
        if not threads:
            break
        for thread in threads:
            thread.terminate()
        _serve()
    for thread in list(kernel.threads):
        thread.kill()
    for service in (kernel.rest, kernel.watch, kernel.flush):
        service.strand.finish()
    if kernel.asyncio is not None:
        kernel.asyncio.patches.remove()
        kernel.asyncio = None
    port = kernel.port
    kernel.background = False  # so that a drain that is queued already leaves all alone
    kernel.port = None
    port.program(None)
    configure()


def start(port=None):
    """Run threads in the background of the REPL, or of the plain code that calls this.

    port: what the kernel needs of the board; the board's own by default (docs/adr/0003-kernel.md).
    Raises RuntimeError if the kernel runs. Context: base level.
    """
    _begin(port, True)


def stop():
    """End the background form: terminate all threads and wait until they have ended.

    Threads run their `finally` clauses; one that goes on regardless is closed. Context: base level.
    """
    if kernel.port is None or not kernel.background:
        raise RuntimeError("stop() ends what start() began, and nothing was started")
    if running() is not None:
        raise RuntimeError("a thread cannot stop the kernel: terminate threads instead")
    _end()


def run(main, *args, port=None):
    """Run the kernel until `main` ends; the other threads are terminated then.

    main: an async function, which becomes the thread "main" (Normal). args: its arguments.
    port: see start().
    Returns what main returns, raises what it raises. Ctrl-C raises KeyboardInterrupt here, never in
    a thread (with boards/native; on stock firmware it may also end the thread that runs).
    Context: base level, while the kernel does not run.
    """
    from .thread import Thread

    thread = Thread(main, *args, name="main")
    _begin(port, False)
    try:
        keep_interrupts(True)
        thread.start()
        thread.reported = True  # whoever called run() gets it
        while True:
            _serve()
            if interrupted(True) or kernel.ctrl_c:
                raise KeyboardInterrupt
            if thread.strand.coroutine is None:
                break
            hooks.idle(next_ms())
            _collect()
            kernel.port.idle()
    finally:
        try:
            _end()
        finally:
            keep_interrupts(False)
    return thread.outcome()


def threads():
    """The threads that have been started and have not ended, as a list. Context: not an ISR."""
    return list(kernel.threads)
