"""The schedule explorer's part on board host: plays a scenario, preempted where it is told.

`coil explore` sends it the scenario, has it play schedules and reads the marks it prints;
docs/explore.md. A schedule is a list of (branch, event): at that branch of the running bytecode
that interrupt happens.
"""

import gc
import random
import sys

from micropython import const

import rtos.kernel as kernel_module

from .core import Semaphore, alarm, expire, lock, locked, run, running, set_clock, unlock
from .kernel import hooks, kernel
from .kernel import run as run_kernel
from .thread import Thread, this_thread
from .virtual import VirtualPort

try:
    import host
except ImportError:  # another board, whose firmware holds everything
    host = None

_STEP_PRIORITY = const(55)
# A schedule that runs so many times longer than the scenario by itself hangs.
_HANGS_TIMES = const(20)
_HANGS_MORE = const(20_000)
# Runs before the count is taken: the first ones import modules and fill tables.
_WARM_UP = const(3)
# random.getrandbits() for _below().
_BITS = const(30)


class _Event:
    """Something that can happen at a branch.

    fire: called there. hard: as an interrupt handler, else as a scheduler callback.
    """

    def __init__(self, name, fire, hard):
        self.name = name
        self.fire = fire
        self.hard = hard


class _Step:
    """A thread above all others that takes a step each time its semaphore is released."""

    def __init__(self, function):
        self.function = function
        self.semaphore = None
        self.asked = 0  # how often it was released
        self.done = 0

    def release(self):
        self.asked += 1
        self.semaphore.release()

    async def loop(self, state, idle):
        while True:
            await self.semaphore.acquire()
            await self.function(state)
            self.done += 1
            idle.release()


class Explorer:
    """A scenario that is played again and again.

    source: its text. name: for tracebacks.
    """

    def __init__(self, source, name):
        space = {"__name__": name.rsplit(".", 1)[0]}
        exec(compile(source, name, "exec"), space)
        self.space = space
        self.state = None
        self.port = None
        self.plan = []
        self.at = 0
        self.errors = []
        self.branches = 0
        self.undisturbed = 0
        self.places = set()
        self.fired = self._fire  # bound here: in an interrupt handler there is no heap
        self.stuck = self._stuck
        self.steps = [_Step(function) for function in space.get("steps", ())]
        self.events = self._events(space)
        self.expected = tuple(space.get("expected", ()))
        # What it does depends on what ran before, and it is not preemptible.
        kernel_module.allocated = _nothing_allocated
        kernel_module.panic = self.errors.append

    def _events(self, space):
        events = [_Event(step.function.__name__, step.release, True) for step in self.steps]
        for key, hard in (("interrupts", False), ("hard_interrupts", True)):
            for function in space.get(key, ()):
                events.append(_Event(function.__name__, self._bound(function), hard))
        if space.get("alarm", True):
            events.append(_Event("alarm", self._ring, True))
        self.names = [event.name for event in events]
        # With it the tool asks for the place of an event that does not let the scenario end.
        events.append(_Event("nothing", _nothing, True))
        return {event.name: event for event in events}

    def _bound(self, function):
        return lambda: function(self.state)

    def _ring(self):
        self.port.ring()

    # ---- One run

    def play(self, schedule):
        """Run the scenario once. Returns whether all events of the schedule have happened."""
        print("\x1erun %s" % text(schedule))
        self.plan = [(branch, self.events[name]) for branch, name in schedule]
        self.at = 0
        del self.errors[:]
        self.port = VirtualPort()
        before = hooks.ended
        hooks.ended = self._ended
        try:
            self._run()
            self.branches = host.branches(None)
            self._check()
        except BaseException as error:
            self.errors.append(error)
        finally:
            host.branches(None)
            host.preempt_at(0)
            hooks.ended = before
        if self.errors:
            self._fail()
        return self.at == len(self.plan)

    def _run(self):
        if "base" in self.space:
            self._run_background()
        else:
            run_kernel(self._main, port=self.port)

    def _run_background(self):
        kernel_module.start(self.port)
        try:
            self._begin()
            self.space["base"](self.state, self.port)
            while self._unfinished():
                self.port.idle()
        finally:
            kernel_module.stop()

    async def _main(self):
        threads, idle = self._begin()
        if "main" in self.space:
            await self.space["main"](self.state)
        else:
            for thread in threads:
                await thread.join()
        while self._unfinished():
            await idle.acquire()

    def _begin(self):
        idle = Semaphore()
        lock()  # so that the threads that setup() starts run when branches are counted
        self.state = self.space.get("setup", _no_state)()
        threads = [thread for thread in kernel.threads if thread is not this_thread()]
        for step in self.steps:
            step.asked = step.done = 0
            step.semaphore = Semaphore()
            name = step.function.__name__
            Thread(step.loop, self.state, idle, priority=_STEP_PRIORITY, name=name).start()
        self._plan_next(0)
        host.branches(0)  # with no branch since the plan was made
        unlock()
        return threads, idle

    def _unfinished(self):
        return any(step.asked != step.done for step in self.steps)

    def _plan_next(self, branches):
        if self.at < len(self.plan):
            branch, event = self.plan[self.at]
            # One that is late for its branch comes at the next.
            host.preempt_at(max(branch - branches, 1), self.fired, event.hard)
            return
        limit = self.branches * _HANGS_TIMES + _HANGS_MORE
        host.preempt_at(limit, self.stuck)

    def _fire(self, branches):
        event = self.plan[self.at][1]
        self.at += 1
        self._plan_next(branches)
        self.port.wake()
        try:
            event.fire()
        except BaseException as error:
            self.errors.append(error)

    def _stuck(self, branches):
        print("\x1efail")
        print("still running after %d branches, at %s" % (branches, _place()))
        for thread in kernel.threads:
            print("  %r" % thread)
        _finish()

    def _ended(self, thread, error):
        if error is not None and not isinstance(error, self.expected):
            self.errors.append(error)

    # ---- Afterwards

    def _check(self):
        if self.errors:
            return
        check = self.space.get("check")
        if check is not None and not self._unfinished():  # the end has cut no step off
            check(self.state)
        set_clock(self.port.ms)
        alarm()
        left = run(0)
        if left == 1:
            delay_ms = expire()
            left = run(0)
            if delay_ms is not None:
                raise AssertionError("the scenario has ended, but somebody still waits for a time")
        if left != 0:
            raise AssertionError("the scenario has ended, but not all of its threads: %r" % left)
        set_clock(None)
        if locked() or running() is not None:
            raise AssertionError("the scenario has ended with the kernel locked")

    def _fail(self):
        if self.at:
            print("\x1eplace %s" % _place())
        print("\x1efail")
        for error in self.errors:
            sys.print_exception(error)
        _finish()

    # ---- What the tool asks for

    def measure(self):
        """Play it undisturbed; raises RuntimeError if it does not repeat."""
        self.branches = 0
        counts = []
        for _ in range(_WARM_UP + 2):
            self.play([])
            counts.append(self.branches)
        self.undisturbed = counts[-1]
        print("\x1ebranches %d" % self.branches)
        if counts[-1] != counts[-2]:
            raise RuntimeError("the scenario is not the same each time: %r branches" % counts)

    def _measure_again(self):
        self.play([])
        if self.branches != self.undisturbed:
            self.errors.append(
                RuntimeError(
                    "a schedule has left something behind: undisturbed, there are %d branches now, "
                    "%d before it" % (self.branches, self.undisturbed)
                )
            )
            self._fail()

    def replay(self, schedule):
        """Play one schedule and say where its last event came."""
        self.measure()
        self.play(schedule)
        if self.at:
            print("\x1eplace %s" % _place())
        print("\x1edone 1 %d" % self.at)

    def sweep(self, before, low, high, after, names=None):
        """Play schedules with one event more: each (of `names`), at the branches low to high - 1.

        before, after: the other events. high: None = to the end.
        """
        self.measure()
        runs = 0
        branch = low
        names = names or self.names
        going = True
        while going and branch != high:
            for name in names:
                going = self.play(before + [(branch, name)] + after)
                runs += 1
                if not going:
                    break
                self.places.add(host.preempted())
            branch += 1
            _tidy()
        self._measure_again()
        print("\x1edone %d %d" % (runs, len(self.places)))

    def sample(self, seed, runs, most):
        """Play `runs` schedules of 2 to `most` events at random places."""
        self.measure()
        branches = self.branches
        random.seed(seed)
        names = self.names
        for n in range(runs):
            wanted = 2 + _below(most - 1)
            places = set()
            while len(places) < min(wanted, branches):
                places.add(1 + _below(branches))
            self.play([(branch, names[_below(len(names))]) for branch in sorted(places)])
            if n % 64 == 0:
                _tidy()
        self._measure_again()
        print("\x1edone %d 0" % runs)


def text(schedule):
    """The schedule's name: 12:tick+40:alarm."""
    return "+".join(["%d:%s" % item for item in schedule])


def _place():
    return "%s:%d in %s" % host.preempted()


def _nothing_allocated():
    return 0


def _nothing():
    pass


def _no_state():
    return None


def _below(n):
    return random.getrandbits(_BITS) % n


def _tidy():
    if gc.mem_free() < gc.mem_alloc():
        gc.collect()


def _finish():
    """The kernel may be in any state now: no more runs on this board."""
    print("\x1eend")
    host.power_off()
