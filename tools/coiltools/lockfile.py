"""One process at a time: a lock between `coil` commands that share a build directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import report


@contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Hold an exclusive lock while the body runs; the system drops it if the process dies.

    path: the lock's file; it stays behind, empty.
    doing: what the holder does, for the message of those who wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.err.print(f"waiting for another coil that is {doing}", markup=False)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
