"""A kernel port on a virtual clock: hours pass in milliseconds, and every run is the same."""

import random

from .core import budget, now, running, set_clock
from .kernel import hooks, kernel

try:
    from kernelport import disable_irq, enable_irq
except ImportError:  # CPython

    def disable_irq():
        pass

    def enable_irq(_):
        pass


try:
    from micropython import run_scheduled  # what stands in for it on CPython
except ImportError:

    def run_scheduled():
        pass


class VirtualPort:
    """A clock that stands still while anything is ready, then jumps to the next deadline.

    For `rtos.run(main, port=VirtualPort())` and `rtos.start(VirtualPort())`; the board's clock is
    back when the kernel ends. Threads run without a time budget.
    start_ms: what the clock shows first. seed: given to random.seed() when the kernel starts.
    """

    def __init__(self, start_ms=0, seed=None):
        #: Milliseconds; the kernel's now() is this modulo 2**30.
        self.ms = start_ms
        self.irq_off = disable_irq
        self.irq_on = enable_irq
        self._seed = seed
        self._due = -1  # an int, so that _ring() needs no branch
        self._alarm = None
        self._woken = False

    def attach(self, alarm):
        """The kernel starts."""
        self._alarm = alarm
        self._due = -1
        set_clock(self.ms)
        budget(0)  # it is of real time
        if self._seed is not None:
            random.seed(self._seed)

    def program(self, delay_ms):
        """Have the alarm go off once after `delay_ms` milliseconds; None: not at all."""
        if delay_ms is None:
            self._due = -1
            if kernel.port is None:  # the kernel has ended
                set_clock(None)
        else:
            self._due = self.ms + delay_ms

    def wake(self):
        """End the idle() under way or to come, as an interrupt does. Any context."""
        self._woken = True

    def idle(self):
        """Jump to the next deadline. Raises RuntimeError when there is none: a deadlock."""
        _callbacks()
        if not self._woken and not any(thread.strand.queued for thread in kernel.threads):
            # No branch in between, so that no interrupt comes between the question and the answer.
            _JUMPS[(self._woken << 1) + (self._due < 0)](self)
            _callbacks()
        self._woken = False

    def advance(self, ms):
        """Let `ms` milliseconds pass, with all that falls due meanwhile. For the background form.

        Context: base level.
        """
        end = self.ms + ms
        _callbacks()
        while 0 <= self._due <= end:
            self._ring()
            _callbacks()
        self.ms = max(self.ms, end)
        set_clock(self.ms)

    def ring(self):
        """Let the next deadline come now, if there is one. Any context, also a hard ISR."""
        if self._due >= 0:
            self._woken = True
            self._ring()

    def _ring(self):
        # Straight on: whoever comes in between would set another alarm.
        self.ms = max(self.ms, self._due)
        self._due = -1
        set_clock(self.ms)
        self._alarm()

    def in_isr(self):
        """Whether an interrupt handler runs; asked only by firmware without boards/native."""
        return False

    def noinit(self):
        """No memory survives a reset."""
        return None

    def watchdog_reset(self):
        """No watchdog has reset the board."""
        return False

    def reset(self):
        """A thread's failure would reset the board. Raises SystemExit."""
        raise SystemExit("a thread with on_failure=RESET has failed")


def _callbacks():
    """Have pending scheduler callbacks run here: MicroPython looks for them at each branch."""
    for _ in range(4):
        run_scheduled()


def _nothing(port):
    """An interrupt has come."""


def _deadlock(port):
    lines = ["deadlock: nothing is ready, and nobody waits for a time"]
    for thread in kernel.threads:
        waits_for = thread.strand.waits_for
        lines.append("  %r%s" % (thread, "" if waits_for is None else ": %r" % waits_for))
    raise RuntimeError("\n".join(lines))


# What idle() does: by whether it was woken and whether there is no deadline.
_JUMPS = (VirtualPort._ring, _deadlock, _nothing, _nothing)


class Trace:
    """A record of what happens, to compare runs: tuples (ms, thread's name or None, event).

    Used as `with Trace() as trace:` around run(), or between start() and stop(); it records the
    starts, ends and failures of threads and what mark() is told.
    """

    def __init__(self):
        self.records = []
        self._before = None

    def __enter__(self):
        self._before = hooks.started, hooks.ended
        hooks.started = self._started
        hooks.ended = self._ended
        return self

    def __exit__(self, *_):
        hooks.started, hooks.ended = self._before

    def mark(self, event):
        """Record `event`, with the time and the thread that runs. Context: any but a hard ISR."""
        thread = running()
        self.records.append((now(), thread and thread.name, event))

    def _started(self, thread):
        self.records.append((now(), thread.name, "started"))

    def _ended(self, thread, error):
        how = "ended" if error is None else "failed: %s" % type(error).__name__
        self.records.append((now(), thread.name, how))
