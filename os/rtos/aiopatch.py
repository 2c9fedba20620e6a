"""What the kernel changes in MicroPython's asyncio while it runs, and takes back when it ends.

Only attributes of modules and classes are replaced. In asyncio's thread each does what it did.
"""

import sys

from .core import in_callback, in_isr, running
from .kernel import kernel

_REFUSED = "only a task of asyncio can await this: await rtos.aio(...) in a thread"
_RUN = "a thread cannot wait like this: await rtos.aio(coroutine), or asyncio.create_task()"


class Patches:
    """The patches for `loop`, of aioloop.py."""

    def __init__(self, loop):
        core = loop.core
        self.loop = loop
        self._saved = []  # (object, name, value), the last first
        self._flag_class = None
        # asyncio.sleep() returns the one object of its class. While no task runs it refuses.
        self.sleeper = core.sleep_ms(0)
        self.sleeper.state = None
        self.sleeper_class = type(self.sleeper)
        self.next = self.sleeper_class.__next__
        self.create = core.create_task

    def install(self):
        core = self.loop.core
        package = sys.modules["asyncio"]
        # C code finds the task queue in what create_task() has passed to it last.
        core._task_queue.remove(core.create_task(_Nobody()))
        self._replace(self.sleeper_class, "__next__", self.refuse_next)
        self._replace(core.IOQueue, "_enqueue", self._enqueue())
        for module in (core, package):
            self._replace(module, "create_task", self.create_task)
            self._replace(module, "run_until_complete", self.run_until_complete)
            self._replace(module, "current_task", self._current_task())
            self._replace(module, "new_event_loop", self._new_event_loop())
            self._replace(module, "run", self._run())
        self._replace(package, "create_task", self.create_background_task)
        self._replace(core, "_promote_to_task", self._promote())
        self._replace(package, "__getattr__", self._load())
        # Nothing at all where C code and modules look for the running task: they raise an exception
        # before they touch anything.
        core.__getattr__ = _getattr
        del core.cur_task
        self.event_module()

    def event_module(self):
        """asyncio.event is imported when it is used first."""
        event = sys.modules.get("asyncio.event")
        if event is None or self._flag_class is not None:
            return
        self._flag_class = event.ThreadSafeFlag
        self._replace(event.Event, "set", self._posted(event.Event.set))
        self._replace(event.Event, "clear", self._posted(event.Event.clear))
        self._replace(event.ThreadSafeFlag, "set", self._flag_set(event.ThreadSafeFlag.set))

    def remove(self):
        """asyncio is MicroPython's own again."""
        core = self.loop.core
        while self._saved:
            setattr(*self._saved.pop())
        if hasattr(core, "__getattr__"):
            del core.__getattr__
        core.cur_task = None

    def _replace(self, owner, name, value):
        self._saved.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def is_flag(self, stream):
        """Whether it tells when it is ready."""
        return self._flag_class is not None and isinstance(stream, self._flag_class)

    # ---- Stand-ins. Those that classes get are closures: a method would bind the wrong object.

    @staticmethod
    def refuse_next(_):
        raise RuntimeError(_REFUSED)

    def create_task(self, coroutine):
        if self.loop.here():
            return self.create(coroutine)
        if running() is None and not in_callback():
            return self._create_task(coroutine)  # of Loop: for the next run()
        return self.create_background_task(coroutine)

    def create_background_task(self, coroutine):
        if self.loop.here():
            return self.create(coroutine)
        task = self._create_task(coroutine)
        self.loop.background = True
        self.loop.wake()
        return task

    def _create_task(self, coroutine):
        from .aiocall import TaskHandle

        if not hasattr(coroutine, "send"):
            raise TypeError("coroutine expected")
        task = self.loop.core.Task(coroutine)
        self.loop.call(self._push, task)
        return TaskHandle(self.loop, task)

    def _push(self, task):
        self.loop.core._task_queue.push(task)

    def run_until_complete(self, main_task=None):
        from .aioloop import Main

        self._refuse_run()
        return Main(self.loop, getattr(main_task, "task", main_task)).wait()

    def _refuse_run(self):
        if in_isr() or in_callback() or running() is not None:
            raise RuntimeError(_RUN)

    def _run(self):
        original = self.loop.core.run

        def run(coroutine):
            self._refuse_run()
            return original(coroutine)

        return run

    def _current_task(self):
        def current_task():
            task = self.loop.core.cur_task if self.loop.here() else None
            if task is None:
                raise RuntimeError("no running event loop")
            return task

        return current_task

    def _new_event_loop(self):
        original = self.loop.core.new_event_loop

        def new_event_loop():
            if running() is not None or self.loop.calls or self.loop.background:
                raise RuntimeError("threads use the event loop there is")
            return original()

        return new_event_loop

    def _promote(self):
        original = self.loop.core._promote_to_task

        def _promote_to_task(awaitable):
            if not self.loop.here() and (running() is not None or in_callback()):
                raise RuntimeError(_REFUSED)
            return original(getattr(awaitable, "task", awaitable))

        return _promote_to_task

    def _load(self):
        original = sys.modules["asyncio"].__getattr__

        def __getattr__(name):
            value = original(name)
            self.event_module()
            return value

        return __getattr__

    def _enqueue(self):
        original = self.loop.core.IOQueue._enqueue
        core = self.loop.core

        def _enqueue(self, stream, direction):
            core.cur_task  # noqa: B018 - raises if there is none
            original(self, stream, direction)

        return _enqueue

    def _posted(self, original):
        loop = self.loop

        def method(self):
            if loop.here():
                original(self)
            else:
                loop.call(original, self)

        return method

    def _flag_set(self, original):
        loop = self.loop

        def set(self):
            original(self)
            if loop.strand is not None:
                loop.wake()

        return set


class _Nobody:
    send = None


def _getattr(name):
    if name == "cur_task":
        raise RuntimeError(_REFUSED)
    raise AttributeError(name)


def patch():
    """The kernel runs: have asyncio run under it, if it has been imported."""
    if kernel.port is not None and kernel.asyncio is None and "asyncio.core" in sys.modules:
        from .aioloop import Loop

        kernel.asyncio = Loop(sys.modules["asyncio.core"])
        kernel.asyncio.patches.install()
