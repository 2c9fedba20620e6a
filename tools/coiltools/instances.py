"""The boards that run now: `build/run/<instance>.json`, one file each.

The process that runs a board holds a lock on its file.  A file that nobody has locked was left by
a process that died, and is removed by the next one that looks.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import paths
from .report import Fail, unknown

#: A Unix socket's path must be shorter than this on Linux.
_SOCKET_PATH_MAX = 108
_DIRECTORY_PREFIX = "coil-"


@dataclass
class Instance:
    """What other commands need to know about a running board."""

    instance: str  # "mps2-1"
    board: str
    app: str | None
    image: str
    disk: str
    directory: str  # short folder for sockets
    pid: int = field(default_factory=os.getpid)
    board_pid: int = 0  # the emulator, or the board itself (host)
    port: int = 0  # console, TCP on 127.0.0.1
    qmp: str = ""
    qtest: str = ""
    gdb: int = 0

    @property
    def url(self) -> str:
        """The console as mpremote takes it."""
        return f"socket://127.0.0.1:{self.port}"


class Claim:
    """A name that this process holds as long as the claim is open.

    board: the board's name; the first free `<board>-<n>` is taken.
    name: exactly this instance instead.
    Raises Fail when `name` is taken or is no name of an instance of that board.
    """

    def __init__(self, board: str, name: str | None = None):
        if name is not None and not re.fullmatch(re.escape(board) + r"-[1-9]\d*", name):
            raise Fail(
                f"'{name}' is no instance of board {board}.",
                f"use a name such as {board}-1, or leave --instance out",
            )
        paths.RUN.mkdir(parents=True, exist_ok=True)
        numbers = iter(range(1, 1000))
        while True:
            self.name = name or f"{board}-{next(numbers)}"
            self.path = paths.RUN / f"{self.name}.json"
            self._file = _take(self.path)
            if self._file is not None:
                _remove_sockets(self._file)
                break
            if name is not None:
                raise Fail(
                    f"instance {name} is running already.",
                    "leave it first, or drop --instance to get the next free one",
                )
        self.directory = _short_directory()

    def publish(self, instance: Instance):
        """Write or rewrite the description that other commands read."""
        text = json.dumps(asdict(instance), indent=1).encode()
        self._file.seek(0)
        self._file.write(text)
        self._file.truncate()

    def close(self):
        """Remove the description and the sockets, free the name."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.path.unlink(missing_ok=True)
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def running() -> list[Instance]:
    """All boards that run now, by name; what dead processes left is removed."""
    found = []
    for path in sorted(paths.RUN.glob("*.json"), key=_natural):
        left = _take(path, create=False)
        if left is not None:
            _remove_sockets(left)
            path.unlink(missing_ok=True)
            left.close()
            continue
        try:
            found.append(Instance(**json.loads(path.read_text())))
        except (ValueError, TypeError, FileNotFoundError):
            continue  # claimed a moment ago and not published yet, or gone
    return found


def find(name: str | None = None) -> Instance:
    """The running board called `name`, or the only one.

    Raises Fail when there is none, several and no name, or no such name.
    """
    boards = {each.instance: each for each in running()}
    if not boards:
        raise Fail("no board is running.", "make run")
    if name is not None:
        if name not in boards:
            raise unknown("running board", name, boards, "choose one with --instance")
        return boards[name]
    if len(boards) > 1:
        raise Fail(
            f"{len(boards)} boards are running: {', '.join(boards)}.",
            f"choose one, for example --instance {next(iter(boards))}",
        )
    return next(iter(boards.values()))


def _take(path: Path, create: bool = True):
    """Lock a description; None when its owner lives, or when there is no file to look at."""
    while True:
        try:
            fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)
        except FileNotFoundError:
            return None
        file = os.fdopen(fd, "r+b", 0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        try:
            same = os.path.samestat(os.fstat(file.fileno()), os.stat(path))
        except FileNotFoundError:
            same = False
        if same:
            return file
        file.close()  # removed by its owner between our open and our lock


def _remove_sockets(file):
    """Remove the folder of sockets that a dead process named in its description, if any."""
    try:
        directory = Path(json.loads(file.read())["directory"])
    except (ValueError, KeyError, TypeError):
        return
    if directory.name.startswith(_DIRECTORY_PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def _natural(path: Path):
    """Sort key that puts mps2-10 behind mps2-9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]


def _short_directory() -> Path:
    """A private folder whose path leaves room for the name of a socket."""
    longest = len("/coil-12345678/console.sock")
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if base and len(base) + longest < _SOCKET_PATH_MAX and os.access(base, os.W_OK):
            return Path(tempfile.mkdtemp(prefix=_DIRECTORY_PREFIX, dir=base))
    raise Fail(
        "there is no folder with a short path for sockets.", "set TMPDIR to one, such as /tmp"
    )
