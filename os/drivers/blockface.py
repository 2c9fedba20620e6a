"""What becomes of exceptions in a medium that a file system in C has called.

None may unwind it: littlefs keeps places of C's stack in its lists meanwhile, and would never end
afterwards, or write anywhere. So it gets an errno, and Ctrl-C comes when the file system has returned.
"""

from errno import EINVAL, EIO, ENOMEM

from micropython import const, schedule
from rtos.core import LEVELS_NEST, locked, throw

_ERRNO_END = const(256)

_WAITING_MAX = const(8)

_waiting = 0


def failure(error):
    """The negative errno that stands for an exception; what no medium should raise is printed, too."""
    if isinstance(error, OSError):
        number = error.errno
        return -number if isinstance(number, int) and 0 < number < _ERRNO_END else -EIO
    if isinstance(error, ValueError):
        return -EINVAL
    if isinstance(error, MemoryError):
        return -ENOMEM
    if not isinstance(error, KeyboardInterrupt):
        import sys

        sys.print_exception(error)
    return -EIO


def postponed(error):
    """Whether it is a KeyboardInterrupt, and comes later, so that the medium can be asked once more.

    Call it locked. No: it is something else, or so many are waiting that the medium may never answer.
    """
    global _waiting
    if not isinstance(error, KeyboardInterrupt):
        return False
    if not _waiting:
        try:
            schedule(_interrupt, error)
        except RuntimeError:  # others wait for their turn, too many
            return False
    _waiting += 1
    return _waiting < _WAITING_MAX


def _interrupt(error):
    global _waiting
    # A face is locked as long as it is at work, and C runs no callbacks.
    if locked():
        try:
            schedule(_interrupt, error)
        except RuntimeError:
            _waiting = 0
        return
    _waiting = 0
    if LEVELS_NEST:
        throw(error)
    else:
        raise error  # board mps2 hands it on; the unix port prints it
