"""From asyncio into rtos: a task awaits a semaphore, a mutex, a queue.

Threads wait with their strands; a task has none. Its deputy is a strand that waits, and owns
mutexes, in its name, while the task waits as tasks do and can be cancelled.
"""

from .core import Strand, abandon, park, ready


class Deputy:
    """Of one task, from the first thing it awaits of rtos to its end."""

    def __init__(self, loop, task):
        self.name = "asyncio"
        self.strand = Strand(self._work(), self, loop.strand.priority)
        self._loop = loop
        self._task = task  # so that its id stays its own
        self._queue = loop.core.TaskQueue()
        self._job = None
        self._value = None
        self._error = None
        self._done = False
        self._dropped = False  # the task does not want the result any more

    def __repr__(self):
        return "<asyncio task>"

    def ended(self, strand):
        """The kernel calls this when the strand has ended."""
        abandon(strand)

    def leave(self):
        """The task has ended: give back what it holds."""
        self.strand.finish()
        abandon(self.strand)

    def perform(self, what, name, args):
        """An awaitable, for the task, of what.name(*args)."""
        core = self._loop.core
        if what is None:
            from . import core as what
        self._job = (what, name, args)
        self._done = self._dropped = False
        ready(self.strand)
        cancelled = None
        while not self._done:
            task = core.cur_task
            self._queue.push(task)
            if cancelled is None:
                task.data = self._queue
            try:
                yield
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    self._abort(error)
                    raise
                if cancelled is None:
                    cancelled = error
                    if not self._done:
                        self._abort(error)
        error = self._error
        value = self._value
        self._error = self._value = None
        if cancelled is not None:
            if error is not None or self._dropped or self._undo(value):
                raise cancelled
            # It gets what cannot be given back, and is cancelled at its next await.
            self._loop.call(_cancel, task)
        if error is not None:
            raise error
        return value

    def _abort(self, error):
        # What the strand was given already is given back by _work().
        self._dropped = True
        if not self.strand.cancel(error):
            self.strand.pardon(error)

    async def _work(self):
        while True:
            what, name, args = self._job
            try:
                self._value = await getattr(what, name)(*args)
            except GeneratorExit:  # leave()
                raise
            except BaseException as error:
                self._error = error
            if self._dropped and self._error is None:
                self._dropped = self._undo(self._value)
            self._loop.call(self._deliver, None)
            await park()

    def _deliver(self, _):
        self._done = True
        if self._queue.peek():
            self._loop.core._task_queue.push(self._queue.pop())

    def _undo(self, value):
        """Give back what was received. Returns whether that was possible."""
        what, name, args = self._job
        if name == "acquire":
            what.release()
        elif name in ("wait_any", "wait_all"):
            if args[1]:
                what.set(value & args[0])
        elif name == "alloc":
            what.free(value)
        else:
            return name in ("park", "yield_", "join")
        return True


def _cancel(task):
    task.cancel()
