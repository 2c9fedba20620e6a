"""Thread: a coroutine with a priority, a name, and somebody who hears when it fails."""

from micropython import const

from .core import (
    EventFlags,
    Strand,
    Waiters,
    abandon,
    cycles_hz,
    in_thread,
    lock,
    locked,
    park,
    post,
    ready,
    running,
    served,
    unlock,
)
from .failure import POLICIES, STOP, Terminated, forget, handle, report
from .kernel import hooks, kernel
from .outside import outside

# mbed's (CMSIS-RTOS2's) numbers; each has the seven above it, too: HIGH + 3.
IDLE = 1
LOW = 8
BELOW_NORMAL = 16
NORMAL = 24
ABOVE_NORMAL = 32
HIGH = 40
REALTIME = 48

_LEVELS = ("Idle", "Low", "BelowNormal", "Normal", "AboveNormal", "High", "Realtime")
_MAX = const(55)
_MS_MAX = const(0x3FFFFFFF)


def _level_name(priority):
    name = _LEVELS[priority // 8]
    over = priority % 8 - (1 if priority < LOW else 0)
    return "%s+%d" % (name, over) if over else name


class Thread:
    """A thread of control; it runs `function(*args)`, an async function.

    priority: 1 to 55; IDLE, LOW, BELOW_NORMAL, NORMAL, ABOVE_NORMAL, HIGH, REALTIME, each +0 to +7
    (IDLE: +0 to +6). Higher runs first; equals take turns when they wait or yield_().
    name: for repr and reports; the function's by default.
    on_failure: what happens after an exception was reported: STOP, RESTART or RESET.
    """

    def __init__(self, function, *args, priority=NORMAL, name=None, on_failure=STOP):
        if not isinstance(priority, int) or not 1 <= priority <= _MAX:
            raise ValueError("priority: 1 to 55, for instance rtos.HIGH or rtos.HIGH + 1")
        if on_failure not in POLICIES:
            raise ValueError("on_failure: rtos.STOP, rtos.RESTART or rtos.RESET")
        if not callable(function):
            raise TypeError("Thread(function, *args): pass the async function, not its call")
        self.name = name or getattr(function, "__name__", "thread")
        self.on_failure = on_failure
        self.strand = None
        self.reported = False  # somebody gets its exception, so it is not printed
        self.terminated = False  # it is to end, although another exception may come first
        self._work = (function, args)
        self._priority = priority
        self._flags = None
        self._joiners = None

    def __repr__(self):
        return "<Thread '%s' %s %s>" % (
            self.name,
            _level_name(self.strand.priority if self.strand else self._priority),
            self.state(),
        )

    def start(self):
        """Start the thread; it runs when nothing more urgent does. Returns the thread itself.

        Raises RuntimeError at the second call, TypeError if the function is not async.
        Context: thread, base level or soft callback; not an ISR.
        """
        if self.strand is not None:
            raise RuntimeError("'%s' was started already: make another Thread" % self.name)
        self.begin(self.work())
        kernel.threads.append(self)
        hooks.started(self)
        ready(self.strand)
        return self

    def work(self):
        """A new coroutine of the thread's function. For failure.py."""
        function, args = self._work
        coroutine = function(*args)
        if not hasattr(coroutine, "send"):
            raise TypeError("'%s' is no async function" % self.name)
        return coroutine

    def begin(self, coroutine):
        """Have a new strand run `coroutine`. For failure.py."""
        if self.strand is not None:
            self._priority = self.strand.own_priority
        self.strand = Strand(coroutine, self, self._priority)

    # ---- The end

    def ended(self, strand):
        """The kernel calls this when the coroutine has ended."""
        abandon(strand)
        error = strand.error
        if isinstance(error, Terminated):
            strand.error = error = None
        if error is not None and handle(self, error, bool(self._joiners) or self.reported):
            return
        kernel.threads.remove(self)
        forget(self)
        lock()
        joiners = self._joiners
        while joiners:
            joiners.first().error = error
            joiners.wake(strand.value)
        unlock()
        hooks.ended(self, error)

    def outcome(self):
        """What an ended thread has returned; raises what it has raised. Context: any but an ISR."""
        strand = self.strand
        if strand is None or strand.coroutine is not None:
            raise RuntimeError("'%s' has not ended" % self.name)
        if strand.error is not None:
            raise strand.error
        return strand.value

    def join(self, timeout_ms=None):
        """Wait until the thread has ended. Awaitable of what it returned; raises what it raised.

        A terminated thread has returned None.
        timeout_ms: None = for ever. Raises OSError(ETIMEDOUT); RuntimeError for a thread that was
        not started, or that joins itself. Context: thread.
        """
        strand = self.strand
        if strand is None:
            raise RuntimeError("'%s' was never started: start() it before join()" % self.name)
        if running() is self:
            raise RuntimeError("'%s' cannot wait for its own end" % self.name)
        if not in_thread():
            return outside(self, "join", timeout_ms)
        lock()
        try:
            if self.strand.coroutine is None:
                awaitable = served(self.outcome())
            else:
                if self._joiners is None:
                    self._joiners = Waiters()
                awaitable = park(self._joiners, timeout_ms)
        finally:
            unlock()
        return awaitable

    def terminate(self):
        """End the thread: Terminated is raised where it waits, so its `finally` clauses run.

        A thread that runs, itself included, or was given what it waited for, gets it at its next
        await. One that has not run yet just ends. While the kernel is locked it is posted.
        Context: thread, base level or soft callback; not an ISR.
        """
        strand = self.strand
        if strand is None:
            raise RuntimeError("'%s' was never started" % self.name)
        if locked():
            post(_terminate, self)
        elif strand.coroutine is not None:
            self.terminated = True
            strand.cancel(Terminated())

    def kill(self):
        """Close the coroutine, whatever it does; it must not be running. For the kernel."""
        strand = self.strand
        try:
            strand.finish()
        except BaseException as error:
            report(self, error)
        self.ended(strand)

    # ---- What is known of it

    def state(self):
        """In words: inactive, ready, running, waiting (for what), ended."""
        strand = self.strand
        if strand is None:
            return "inactive"
        if strand.coroutine is None:
            return "ended"
        if strand.stepping:
            return "running" if running() is self else "preempted"
        if strand.queued:
            return "ready"
        if strand.waits_for is not None:
            return "waiting %s" % type(strand.waits_for).__name__.lower()
        return "sleeping" if strand.timed else "waiting"

    def priority(self, value=None):
        """The thread's own priority, or set it; what it inherits by a Mutex comes on top.

        value: 1 to 55. Raises ValueError. Context: thread, base level or soft callback.
        """
        if value is not None:
            if not isinstance(value, int) or not 1 <= value <= _MAX:
                raise ValueError("priority: 1 to 55, for instance rtos.HIGH or rtos.HIGH + 1")
            if self.strand is None:
                self._priority = value
            else:
                self.strand.set_priority(value)
        return self.strand.own_priority if self.strand else self._priority

    @property
    def flags(self):
        """The thread's EventFlags: others `thread.flags.set(1)`, it waits for them.

        The first use makes them, so not in an ISR; their methods are as safe as EventFlags'.
        """
        if self._flags is None:
            self._flags = EventFlags()
        return self._flags

    def runs(self):
        """How often the thread has been stepped. Context: any but an ISR."""
        return self.strand.runs if self.strand else 0

    def cpu_ms(self):
        """Milliseconds that the thread has run, without what ran on top of it."""
        return self.strand.cycles * 1000 // cycles_hz() if self.strand else 0


def _terminate(thread, _):
    thread.terminate()


def this_thread():
    """The thread that runs; None at the base level, and in asyncio's tasks their thread."""
    return running()
