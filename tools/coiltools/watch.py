"""`coil run --watch`: loads the application again when one of its files changes."""

import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

from . import romfs
from .report import Fail
from .runningboard import RunningBoard

#: How long the folder must be quiet, and at most how long to wait for that, in milliseconds.
_QUIET_MS, _AT_MOST_MS = 30, 200


class Loader:
    """Compiles the application and puts it into a board's ROMFS partition.

    folder, main: the application.  mpy_cross, arch: see romfs.image.
    """

    def __init__(self, folder: Path, main: str, mpy_cross: Path, arch: str):
        self.folder = folder
        self._main = main
        self._mpy_cross = mpy_cross
        self._arch = arch

    def image(self) -> bytes:
        """The application's image.  Raises Fail when it does not compile."""
        with tempfile.TemporaryDirectory(prefix="coil-") as scratch:
            return romfs.image(self.folder, self._main, self._mpy_cross, self._arch, Path(scratch))

    def load(self, board: RunningBoard):
        """Replace what the running board executes, and reset it.

        The board is halted meanwhile: it executes bytecode straight from the partition.
        """
        image = self.image()
        board.pause()
        board.disk.write_romfs(image)
        board.reset()


class Watch:
    """Tells a console when files change, and loads them.  Close it, or use it with `with`."""

    def __init__(self, loader: Loader, board: RunningBoard):
        self._loader = loader
        self._board = board
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._wait_for_changes, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._stop.set()
        self._thread.join(5)
        self._ours.close()
        self._theirs.close()

    def _wait_for_changes(self):
        """In a thread of its own: the notifier can only be waited for, not polled."""
        changes = watchfiles.watch(
            self._loader.folder,
            watch_filter=watchfiles.PythonFilter(extra_extensions=(".toml",)),
            debounce=_AT_MOST_MS,
            step=_QUIET_MS,
            rust_timeout=200,
            stop_event=self._stop,
            raise_interrupt=False,
        )
        for change in changes:
            names = sorted({Path(path).name for _, path in change})
            self._theirs.send(", ".join(names).encode()[:200] + b"\n")

    def fileno(self) -> int:
        return self._ours.fileno()

    def work(self, notice: Callable[[str], None]):
        """Load what has changed; a file that does not compile leaves the old application running."""
        names = self._ours.recv(1 << 16).decode(errors="replace").split("\n")[0]
        try:
            self._loader.load(self._board)
        except Fail as failure:
            notice(f"{failure.message} The old application goes on.\n{failure.detail}")
        else:
            notice(f"{names} changed: running the new application")
