"""What buses that several devices share have in common: one user at a time, its settings on."""

from driverport import in_isr
from micropython import const
from rtos.core import Mutex, in_thread, lock, unlock

from .context import refuse_isr
from .pins import Gone

_EBUSY = const(16)  # MicroPython's errno has no name for it
# In SharedBus.state.
_SETTINGS = const(0)
_INSIDE = const(1)
# After so many calls in a row with the same settings, a view does without the way round.
_CALM = const(3)


class SharedBus:
    """The hardware of a bus and who uses it.

    name: for messages. hardware: what has machine's methods; a pins.Gone after deinit().
    state: [settings that the hardware has now, None = nobody's; whether a transfer is under way]. A
    list, since an item costs a third of an attribute.
    """

    def __init__(self, name, hardware):
        self.name = name
        self.hardware = hardware
        self.mutex = Mutex()
        self.state = [None, False]
        # An interrupt handler, where it is raised, has no heap to make it.
        self._busy = "%s is in the middle of a transfer" % name
        self._kept = "%s is kept by a thread" % name
        self._known = []
        self._direct = None  # the first of the views that are direct

    def gone(self):
        """Whether it has been deinitialised."""
        return isinstance(self.hardware, Gone)

    def share(self, settings):
        """The same object for the same settings."""
        for known in self._known:
            if known == settings:
                return known
        self._known.append(settings)
        return settings

    def check(self):
        """Raise OSError(EBUSY) unless a transfer may begin now."""
        if self.state[_INSIDE]:
            raise OSError(_EBUSY, self._busy)
        owner = self.mutex.owner
        if owner is not None and in_isr():
            raise OSError(_EBUSY, self._kept)
        if owner is not None and not _is_mine(self.mutex):
            raise OSError(_EBUSY, "%s is kept by %r" % (self.name, owner))

    def leave(self):
        """The end of what BusView._enter() began."""
        self.state[_INSIDE] = False
        unlock()

    def forget(self):
        """The hardware has nobody's settings now."""
        self.be_careful()
        self.state[_SETTINGS] = None

    def be_direct(self, view):
        """A view may do without the way round from here on."""
        view._next_direct = self._direct
        self._direct = view

    def be_careful(self):
        """Settings change, or somebody keeps the bus: all calls look again who may use it."""
        while self._direct is not None:
            view = self._direct
            self._direct = view._next_direct
            view._next_direct = None
            view._go_careful()


def _is_mine(mutex):
    """Whether the caller owns the mutex."""
    try:
        if not mutex.try_acquire():
            return False
    except RuntimeError:  # outside of threads nobody owns one
        return False
    mutex.release()
    return True


class BusView:
    """A bus with settings of its own, which the bus gets when a view with others used it in between.

    A subclass has METHODS, the names of its transfers, and methods of these names that begin with
    _enter(); _apply(hardware) to set the hardware up; and _directs(), a list of functions that do the
    same as METHODS when nobody keeps the bus and it has the settings. While that is so they are
    attributes of the view, in the place of its methods.
    """

    METHODS = ()
    direct = True

    def __init__(self, bus, settings):
        self._bus = bus
        self._settings = bus.share(settings)
        # How many calls the view had in a row; None: it is direct, or cannot be.
        self._calm = None
        self._next_direct = None
        if self.direct:
            self._functions = self._directs()
            self._make_room()

    def _make_room(self):
        """Afterwards it takes no heap to set the methods: an interrupt handler may be the one that
        does it. To be called again after other attributes were added.
        """
        if self.direct:
            self._set_functions()
            self._go_careful()

    def _change(self, settings):
        """Have other settings from the next transfer on."""
        self._bus.hardware.init  # noqa: B018 - ENODEV after deinit()
        self._bus.be_careful()
        self._settings = self._bus.share(settings)

    def is_connected(self):
        """Whether there is a bus to use; False after deinit(). Context: any."""
        return not self._bus.gone()

    def _mark(self):
        """The hardware was made with the settings of this view."""
        self._bus.state[_SETTINGS] = self._settings

    def _enter(self):
        """Begin a transfer, which nothing but interrupts can divide until bus.leave().

        Returns the hardware, which has the settings of the view now. Raises OSError(EBUSY): another
        thread keeps the bus, or the caller is an interrupt handler or callback that came in the
        middle of a transfer.
        """
        bus = self._bus
        lock()
        # Ctrl-C raises at any branch. There is none between lock() and `try`, nor behind the return:
        # the caller's next statement is a `try`, and its `finally` begins with leave().
        try:
            state = bus.state
            if (
                state[_SETTINGS] is not self._settings
                or state[_INSIDE]
                or bus.mutex.owner is not None
            ):
                self._prepare(bus)
            elif self._calm is not None:
                self._calm += 1
                if self._calm > _CALM:
                    self._go_direct()
            state[_INSIDE] = True
            return bus.hardware
        except BaseException:
            unlock()
            raise

    def _prepare(self, bus):
        """Have the hardware as the view wants it, or raise why not."""
        bus.check()
        state = bus.state
        if state[_SETTINGS] is not self._settings:
            bus.be_careful()
            state[_SETTINGS] = None
            self._apply(bus.hardware)
            state[_SETTINGS] = self._settings
            self._calm = 0 if self.direct else None

    def _go_direct(self):
        self._set_functions()
        self._calm = None
        self._bus.be_direct(self)

    def _set_functions(self):
        for i in range(len(self.METHODS)):
            setattr(self, self.METHODS[i], self._functions[i])

    def _go_careful(self):
        """For the bus."""
        self._calm = 0
        for i in range(len(self.METHODS)):
            delattr(self, self.METHODS[i])

    # ---- Several transfers

    def acquire(self, timeout_ms=None):
        """Keep the bus: calls of other threads raise OSError(EBUSY) until release(). Awaitable.

        Raises OSError(ETIMEDOUT). `async with bus:` does both. Context: thread.
        """
        refuse_isr()
        if not in_thread():
            return self._acquire(timeout_ms)
        awaitable = self._bus.mutex.acquire(timeout_ms)
        # Behind it, so that no view goes direct again before this thread has the bus.
        self._bus.be_careful()
        return awaitable

    async def _acquire(self, timeout_ms):
        await self._bus.mutex.acquire(timeout_ms)
        self._bus.be_careful()

    def release(self):
        """Let others use the bus. Raises RuntimeError unless this thread keeps it."""
        self._bus.mutex.release()

    def __aenter__(self):
        return self.acquire()

    def __aexit__(self, kind, error, trace):
        return self._bus.mutex.__aexit__(kind, error, trace)
