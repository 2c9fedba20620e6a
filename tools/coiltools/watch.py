"""`coil run --watch`: loads the application again when one of its files changes."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

from . import plan, romfs, source, toolchain
from .boards import Board
from .report import Fail
from .runningboard import RunningBoard

#: How long the folder must be quiet, and at most how long to wait for that, in milliseconds.
_QUIET_MS, _AT_MOST_MS = 30, 200


class Loader:
    """Compiles what an application adds to the system, and puts it into a board's ROMFS partition.

    folder: the application.  kind: the board it is for.
    """

    def __init__(self, folder: Path, kind: Board):
        self.folder = folder
        self._kind = kind
        self._micropython = source.ensure()
        self._compiler = romfs.Compiler(toolchain.mpy_cross(self._micropython), kind.mpy_arch)

    def image(self) -> bytes:
        """The application's image.  Raises Fail when it is not complete or does not compile."""
        modules = plan.modules_to_load(self.folder, self._kind, self._micropython.path)
        try:
            return romfs.image(self._compiler, modules)
        except FileNotFoundError as error:  # gone since it was listed
            raise Fail(f"{error.filename} is not there.", "write it") from None

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
            notice(f"{failure.message}\n{failure.detail}".rstrip())
            notice("the old application goes on")
        else:
            notice(f"{names} changed: running the new application")
