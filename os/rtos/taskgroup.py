"""TaskGroup: threads that end together with the block that starts them."""

from .core import Waiters, in_thread, lock, park, running, unlock
from .failure import Terminated, report
from .thread import NORMAL, Thread


class _Cut(BaseException):
    """Ends what the block of a group waits for, when a thread of the group has failed."""


class _Child(Thread):
    def __init__(self, group, function, args, priority, name):
        super().__init__(function, *args, priority=priority, name=name)
        self.reported = True  # the group does it
        self._group = group

    def ended(self, strand):
        super().ended(strand)
        self._group.child_ended(self, strand.error)

    def abort(self):
        """As terminate(), also from the kernel on top of this very thread."""
        strand = self.strand
        if strand.runs == 0 and not strand.stepping:
            self.kill()
        else:
            strand.cancel(Terminated())


class TaskGroup:
    """Threads that do not outlive the block that starts them; after asyncio.TaskGroup.

        async with rtos.TaskGroup() as group:
            group.start(read, uart)
            group.start(blink, led, priority=rtos.LOW)

    The block ends when all threads of the group have ended. The first failure, of a thread or of
    the block itself, terminates the others; it is raised from the block after all have ended.
    Further failures are printed. If the thread of the block is terminated, so are those of the group.
    """

    def __init__(self):
        self._parent = None
        self._in_block = False
        self._aborting = False
        self._children = []
        self._error = None  # the first failure
        self._cut = None
        self._done = Waiters()

    def __repr__(self):
        return "<TaskGroup of %d threads>" % len(self._children)

    def start(self, function, *args, priority=NORMAL, name=None):
        """Start a thread of the group that runs `function(*args)`, an async function. Returns it.

        A thread of the group may start others. priority, name: as Thread's.
        Raises RuntimeError outside of the block, and once the group is ending; TypeError, ValueError
        as Thread. Context: thread.
        """
        if self._parent is None:
            raise RuntimeError("start() is for the block: async with TaskGroup() as group")
        if self._aborting or not (self._in_block or self._children):
            raise RuntimeError("the group is ending, because of a failure or with its block")
        child = _Child(self, function, args, priority, name)
        lock()
        try:
            child.start()
            self._children.append(child)
        finally:
            unlock()
        return child

    async def __aenter__(self):
        if not in_thread():
            raise RuntimeError("a TaskGroup belongs to a thread; rtos.wait() runs one for others")
        if self._parent is not None:
            raise RuntimeError("this group was used already: make another TaskGroup")
        self._parent = running()
        self._in_block = True
        return self

    async def __aexit__(self, kind, error, traceback):
        self._in_block = False
        if self._cut is not None:
            self._parent.strand.pardon(self._cut)
            if error is self._cut:
                error = None
        stop = None  # why this thread itself is to end
        if error is not None:
            if not isinstance(error, Exception):
                stop = error
            elif self._error is None:
                self._error = error
            self._abort()
            if isinstance(error, GeneratorExit):
                return False  # killed: it cannot wait
        while True:
            try:
                waiting = self._wait()
                if waiting is None:
                    break
                await waiting
            except GeneratorExit:
                raise
            except BaseException as caught:
                if not isinstance(stop, Terminated):
                    stop = caught
                self._abort()
        return self._settle(error, stop)

    def _wait(self):
        """What to await until all have ended; None: they have."""
        lock()
        try:
            return park(self._done) if self._children else None
        finally:
            unlock()

    def _settle(self, error, stop):
        """Raise what the block is to raise, print the rest."""
        first = self._error
        if stop is None and self._cut is not None and self._parent.terminated:
            stop = Terminated()  # it came while the block was being cut
        if stop is not None:
            if first is not None:
                report(self, first)
            if stop is error:
                return False
            raise stop
        if error is not None and error is not first:
            report(self, error)
        if first is None or first is error:
            return False
        raise first

    # ---- For the kernel

    def child_ended(self, child, error):
        """A thread of the group has ended."""
        extra = False
        lock()
        try:
            if child in self._children:
                self._children.remove(child)
            if error is not None:
                extra = self._error is not None
                if not extra:
                    self._error = error
                self._abort()
            if not self._children:
                self._done.wake()
        finally:
            unlock()
        if extra:
            report(child, error)

    def _abort(self):
        """Terminate all that are left, once."""
        lock()
        try:
            if self._aborting:
                return
            self._aborting = True
            if self._in_block:
                self._cut = _Cut()
                self._parent.strand.cancel(self._cut)
            for child in list(self._children):
                child.abort()
        finally:
            unlock()
