"""What all running boards have in common: a disk, a console, a way to run code and to press pins."""

import abc
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import pins
from .disk import Disk
from .rawrepl import RawRepl, Reader

PROMPT = b">>> "
#: Appended to a script, and what it prints.
_SCRIPT_TAIL = "\nprint('\\x04')\n"
_SCRIPT_END = b"\x04\r\n"
#: What the REPL says when it starts.
_GREETING = re.compile(r'MicroPython v[^\n]*\nType "help\(\)"[^\n]*\n>>> $')


class RunningBoard(abc.ABC):
    """A board that this process starts, owns and ends; see Emulator and HostBoard.

    image: the firmware.
    disk: its disk file, created when missing; None = a blank one that lives as long as the board.
    directory: a folder with a short path for sockets; None = an own one.
    heap: bytes, 0 = the board's default.
    flags: of the host page, such as hostpage.NO_APP.
    epoch_s: the clock at start; None = the host's, 0 = the board's default.
    script: Python source that runs instead of an application.

    Use it as a context manager: `with Emulator(image) as board: print(board.exec("print(1)"))`.
    """

    #: File number of the console; valid between start() and stop().
    fd: int
    #: Process that is the board; valid between start() and stop().
    pid: int

    def __init__(
        self,
        image: Path,
        *,
        disk: Path | None = None,
        directory: Path | None = None,
        heap: int = 0,
        flags: int = 0,
        epoch_s: int | None = None,
        script: str = "",
    ):
        self.image = Path(image)
        self._own_directory = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="coil-"))
        try:
            self.disk = Disk(disk or self.directory / "disk.img")
        except BaseException:
            self._remove_directory()
            raise
        self.page = self.disk.page
        self.page.prepare(heap=heap, flags=flags, epoch_s=epoch_s, script=script)
        #: Called when the board runs as another process than before.
        self.on_launch: Callable[[], None] = lambda: None
        self._reader: Reader | None = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """End the board; remove what belongs to it alone."""
        self.stop()
        self.disk.close()
        self._remove_directory()

    def _remove_directory(self):
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    @abc.abstractmethod
    def start(self):
        """Start the board.  Raises Fail when its program cannot be started."""

    @abc.abstractmethod
    def stop(self):
        """End the board if it runs."""

    @abc.abstractmethod
    def reset(self):
        """Reset the board as its reset button would."""

    @abc.abstractmethod
    def pause(self):
        """Halt the board until resume() or reset(); the disk may be changed meanwhile."""

    @abc.abstractmethod
    def resume(self):
        """Go on after pause()."""

    @abc.abstractmethod
    def ended(self) -> str:
        """Called after the board's program has ended: why, or "" when it runs again."""

    @property
    def qtest(self) -> Path | None:
        """The emulator's qtest socket, None without an emulator."""
        return None

    @property
    def console(self) -> Reader:
        """The console, for tests that talk to the prompt themselves."""
        if self._reader is None:
            self._reader = Reader(self.fd)
        return self._reader

    @property
    def pins(self) -> pins.Pins:
        """The virtual pins: `board.pins.press(0)`."""
        return pins.make(self.page, self.directory, str(self.qtest or ""), self.pid)

    def wait_for_prompt(self, timeout: float = 10) -> str:
        """What the board prints until its next REPL prompt."""
        return self._text(self.console.until(PROMPT, timeout=timeout))

    def exec(self, code: str, timeout: float = 10) -> str:
        """Run `code` in the board's raw REPL; variables of earlier calls are still there.

        Returns what it prints.  Raises BoardException when it raises, BoardError on silence.
        """
        with RawRepl(self.console) as repl:
            return repl.exec(code, timeout)

    def soft_reset(self, timeout: float = 10):
        """Reset the interpreter; no application is started afterwards."""
        with RawRepl(self.console, reset=True, timeout=timeout):
            pass

    def run_script(self, text: str, timeout: float = 60) -> str:
        """Reset the board, let it run `text` at boot instead of an application.

        timeout: seconds for boot and script together.
        Returns all that the script prints, a traceback included.
        """
        self.pause()
        self.console.drain()
        self.page.script = text + _SCRIPT_TAIL
        self.reset()
        try:
            return self._script_output(timeout)
        finally:
            self.page.script = ""

    def _script_output(self, timeout: float) -> str:
        # A script that raises does not reach its last line: the prompt ends it.
        data = self.console.until(_SCRIPT_END, b"\r\n" + PROMPT, timeout=timeout)
        if data.endswith(_SCRIPT_END):
            self.console.until(PROMPT, timeout=timeout)
        return _GREETING.sub("", self._text(data.removesuffix(_SCRIPT_END)))

    @staticmethod
    def _text(data: bytes) -> str:
        return data.decode(errors="replace").replace("\r\n", "\n")


def run_script(board: RunningBoard, text: str, timeout: float = 60) -> str:
    """Start `board`, which is not running yet, with a script, and return the script's output.

    Every call is a first boot, so that with icount and the same disk the result is the same.
    """
    board.page.script = text + _SCRIPT_TAIL
    with board:
        return board._script_output(timeout)
