"""The thread "asyncio": steps MicroPython's asyncio tasks, so that they run beside other threads.

MicroPython's modules stay as they are. Their queues are C code that trusts its callers, so only
this thread touches them: what others want is put into the inbox and done between two steps.
"""

from micropython import const

from .aiopatch import Patches
from .core import in_callback, in_isr, lock, park, post, ready, running, unlock, yield_
from .kernel import kernel, panic
from .thread import Thread

# How often streams are asked whether they are ready, while no task is. Devices do not tell, and in
# that time a UART at 115,200 baud receives 58 bytes. A ThreadSafeFlag needs no asking.
_POLL_MS = const(5)


class Loop(Thread):
    """The thread. core: MicroPython's module asyncio.core."""

    def __init__(self, core):
        super().__init__(self._run, name="asyncio")
        self.core = core
        self.caught = (core.CancelledError, Exception)
        self.expected = (core.CancelledError, StopIteration)
        self.main = None  # a Main: what plain code waits for
        self.calls = []  # of threads: aio()
        self.background = False  # tasks run although nobody waits for one
        self.deputies = {}  # id(task) -> what waits in its name
        self.put = self._put  # bound once: posting allocates nothing
        self._inbox = []
        self._task = None  # whose step is preempted
        self._slept = None
        self.patches = Patches(self)
        self._sleeper_class = self.patches.sleeper_class
        self._next = self.patches.next
        self._refuse_next = self.patches.refuse_next

    # ---- For others

    def here(self):
        """Whether the caller is asyncio's: a task, or what the loop calls; no callback on top."""
        return running() is self and not in_callback()

    def call(self, function, argument):
        """Have the thread call function(argument) before its next step. Any context."""
        if in_isr():
            post(self.put, function, argument)
        else:
            self._put(function, argument)

    def _put(self, function, argument):
        # Without a branch: other threads and callbacks see both or none.
        self._inbox.append(function)
        self._inbox.append(argument)
        self.wake()

    def wake(self):
        """Have the thread look for work. Any context but, for the first time, an ISR."""
        if self.strand is None:
            lock()  # or another thread starts it, too
            try:
                if self.strand is None:
                    self.start()
            finally:
                unlock()
        ready(self.strand)

    def suspend(self):
        """The kernel calls this before threads run on top of a step: to them there is no task."""
        self._task = self.core.cur_task
        self._slept = self.patches.sleeper.state
        self._leave()

    def resume(self):
        """And this when they have gone."""
        self.patches.sleeper.state = self._slept
        self._enter(self._task)
        self._task = None

    def outside(self, what, name, args):
        """See outside.py: what a task awaits of rtos."""
        task = None if in_callback() else self.core.cur_task
        if task is None:
            raise RuntimeError("a callback cannot wait: set a flag or release a semaphore there")
        deputy = self.deputies.get(id(task))
        if deputy is None:
            from .aiodeputy import Deputy

            deputy = self.deputies[id(task)] = Deputy(self, task)
            self.strand.deputy = deputy.strand
        if name == "try_acquire":
            return what.try_acquire()
        return deputy.perform(what, name, args)

    def ended(self, strand):
        """The kernel calls this when the thread has ended."""
        self.patches.remove()
        kernel.asyncio = None
        error = self.core.CancelledError()
        for call in list(self.calls):
            call.ended(None, error)
        if self.main is not None:
            self.main.end(error)
        for deputy in self.deputies.values():
            deputy.leave()
        self.deputies = {}
        super().ended(strand)

    # ---- The loop

    async def _run(self):
        core = self.core
        inbox = self._inbox
        strand = self.strand
        strand.deputy = None
        set_host = strand.set_host
        set_host(True)
        while True:
            delay_ms = None
            try:
                if inbox:
                    self._do_inbox()
                if self.background or self.main or self.calls:
                    if core._io_queue.map:
                        self._poll()
                    task = core._task_queue.peek()
                    if task:
                        delay_ms = core.ticks_diff(task.ph_key, core.ticks())
                        if delay_ms <= 0:
                            delay_ms = 0
                            self._step(core._task_queue.pop())
                    if delay_ms != 0:
                        delay_ms = self._bound(delay_ms)
            except BaseException as error:
                # What asyncio calls has failed: a handler of exceptions, a stream.
                delay_ms = 0
                if self.main is None:
                    panic(error)
                else:
                    self.main.end(error)
            set_host(False)
            awaitable = yield_() if delay_ms == 0 else park(None, delay_ms)
            set_host(True)
            await awaitable

    def _do_inbox(self):
        self._enter(None)
        try:
            while self._inbox:
                function = self._inbox.pop(0)
                function(self._inbox.pop(0))
        finally:
            self._leave()

    def _poll(self):
        lock()  # ioctl() is called back from C
        try:
            self.core._io_queue.wait_io_event(0)
        finally:
            unlock()

    def _bound(self, delay_ms):
        """How long to wait if the next task is ready in `delay_ms`; None: for ever."""
        streams = self.core._io_queue.map
        if delay_ms is None and not streams and self.main is not None and self.main.over():
            self.main.end(StopIteration())
            return 0
        if delay_ms is None or delay_ms > _POLL_MS:
            for key in streams:
                if not self.patches.is_flag(streams[key][2]):
                    return _POLL_MS
        return delay_ms

    def _step(self, task):
        thrown = task.data
        if self.deputies:
            deputy = self.deputies.get(id(task))
            self.strand.deputy = deputy and deputy.strand
        kernel.stepping = self  # as _enter() does; a call more costs too much here
        self.core.cur_task = task
        self._sleeper_class.__next__ = self._next
        try:
            if thrown:
                task.data = None
                task.coro.throw(thrown)
            else:
                task.coro.send(None)
        except self.caught as result:
            self._finish(task, thrown, result)
        except BaseException as result:
            if self.main is not None:  # as asyncio.run() does: Ctrl-C, SystemExit
                self.main.end(result)
            self._finish(task, thrown, result)
        finally:
            self._sleeper_class.__next__ = self._refuse_next
            del self.core.cur_task
            kernel.stepping = None

    # Each is one straight line, so that a preempting thread finds all of it or nothing.
    def _enter(self, task):
        kernel.stepping = self
        self.core.cur_task = task
        self._sleeper_class.__next__ = self._next

    def _leave(self):
        self._sleeper_class.__next__ = self._refuse_next
        del self.core.cur_task
        kernel.stepping = None

    def _finish(self, task, thrown, result):
        """The coroutine of a task has ended: tell those who wait for it."""
        core = self.core
        awaited = self.main is not None and self.main.task is task
        if self.deputies:
            deputy = self.deputies.pop(id(task), None)
            if deputy is not None:
                deputy.leave()
        state = task.state
        if state:
            if callable(state):
                state(task, result)
                awaited = True
            elif state is not True:
                while state.peek():
                    awaited = True
                    core._task_queue.push(state.pop())
            # None: nobody has asked for the result yet.
            task.state = None if state is True and not awaited else False
            if not awaited and not isinstance(result, self.expected):
                core._task_queue.push(task)  # nobody may ask until its turn: reported then
            task.data = result
        elif state is None:
            if awaited:
                task.state = False
            else:
                task.data = thrown
                context = core._exc_context
                context["exception"] = thrown
                context["future"] = task
                core.Loop.call_exception_handler(context)
        if awaited and self.main is not None and self.main.task is task:
            self.main.end(result)


class Main:
    """What plain code waits for in asyncio.run()."""

    def __init__(self, loop, task):
        self.task = task
        self.result = None
        self._loop = loop

    def over(self):
        """Whether it has nothing to wait for once no task can run any more."""
        return not self.task or not self.task.state

    def end(self, result):
        """result: StopIteration with what the task has returned, or what it raised."""
        self.result = result
        self._loop.main = None
        kernel.nudge = True

    def wait(self):
        """Returns what the task returned, raises what it raised. Context: base level."""
        self._loop.main = self
        self._loop.wake()
        try:
            while self.result is None:
                kernel.port.idle()
        except BaseException:
            self._loop.main = None
            raise
        if isinstance(self.result, StopIteration):
            return self.result.value
        raise self.result
