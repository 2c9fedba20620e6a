"""What buses that several devices share have in common: one user at a time, its settings on."""

from micropython import const
from rtos.core import Mutex, lock, unlock

_EBUSY = const(16)  # MicroPython's errno has no name for it


class SharedBus:
    """The hardware of a bus and who uses it.

    name: for messages. hardware: what has machine's methods; a pins.Gone after deinit().
    user: the view of the bus whose settings the hardware has now, None = nobody's.
    """

    def __init__(self, name, hardware):
        self.name = name
        self.hardware = hardware
        self.mutex = Mutex()
        self.user = None
        # An interrupt handler, where it is raised, has no heap to make it.
        self._busy = "%s is in the middle of a transfer" % name
        self._inside = False

    def enter(self):
        """Begin a transfer, which nothing but interrupts can divide until leave().

        Raises OSError(EBUSY): another thread keeps the bus, or the caller is an interrupt handler or
        callback that came in the middle of a transfer.
        """
        lock()
        try:
            if self._inside:
                raise OSError(_EBUSY, self._busy)
            owner = self.mutex.owner
            if owner is not None and not _is_mine(self.mutex):
                raise OSError(_EBUSY, "%s is kept by %r" % (self.name, owner))
            self._inside = True
        except BaseException:
            unlock()
            raise

    def leave(self):
        """The end of what enter() began."""
        self._inside = False
        unlock()


def _is_mine(mutex):
    """Whether the caller owns the mutex."""
    try:
        if not mutex.try_acquire():
            return False
    except RuntimeError:  # outside of threads nobody owns one
        return False
    mutex.release()
    return True
