"""The user's terminal while a board's console is on it: raw keys in, output that never blocks us."""

import contextlib
import os
import re
import select
import sys
import termios
import tty

#: Keys that leave: Ctrl-] and Ctrl-X.
_LEAVE = re.compile(rb"[\x1d\x18]")
#: A pipe that select() calls writable takes this many bytes at once.
_PIPE_CHUNK = select.PIPE_BUF


class Terminal:
    """Standard input and output as a console's other end; a context manager.

    With a terminal on stdin every key goes to the board at once, Ctrl-C included, and Ctrl-] or
    Ctrl-X leaves.  Otherwise (pipe, file, background job) input is forwarded up to its end, with
    line ends as a terminal would send them.  The settings are restored on the way out.
    """

    def __init__(self, stdin: int | None = None, stdout: int | None = None):
        self._stdin = sys.stdin.fileno() if stdin is None else stdin
        self._stdout = sys.stdout.fileno() if stdout is None else stdout
        self.interactive = _in_foreground(self._stdin)
        self._saved: list | None = None
        self._opened: int | None = None
        self._chunk = _PIPE_CHUNK

    def __enter__(self):
        if self.interactive:
            self._saved = termios.tcgetattr(self._stdin)
            tty.setraw(self._stdin)
        if os.isatty(self._stdout):
            # An own description of the terminal can be non-blocking without making the shell's so.
            with contextlib.suppress(OSError):
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                self._opened = os.open(os.ttyname(self._stdout), flags)
            self._chunk = 256 if self._opened is None else 1 << 16
        return self

    def __exit__(self, *exc):
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None
        if self._saved is not None:
            # TCSADRAIN would wait for ever on a terminal that is stopped or gone.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._stdin, termios.TCSANOW, self._saved)
            self._saved = None

    @property
    def input(self) -> int | None:
        """File number to wait for input on; None when there never is any."""
        background = not self.interactive and os.isatty(self._stdin)
        return None if background else self._stdin  # reading would stop a background job

    @property
    def output(self) -> int:
        """File number to wait for room on."""
        return self._stdout if self._opened is None else self._opened

    def read(self) -> tuple[bytes, bool]:
        """Input for the board, and whether the user leaves; (b"", False) = the input has ended."""
        try:
            data = os.read(self._stdin, 4096)
        except OSError:  # the terminal was closed
            return b"", self.interactive
        if not self.interactive:
            return data.replace(b"\r\n", b"\r").replace(b"\n", b"\r"), False
        leave = _LEAVE.search(data)
        if leave:
            return data[: leave.start()], True
        return data, not data  # a terminal ends when it is closed

    def write(self, data: bytes | memoryview) -> int:
        """Write what fits now; returns how much.  Raises BrokenPipeError when nobody listens."""
        try:
            return os.write(self.output, data[: self._chunk])
        except BlockingIOError:
            return 0
        except OSError:
            raise BrokenPipeError from None


def _in_foreground(fd: int) -> bool:
    """Whether `fd` is a terminal that this process may read and set."""
    try:
        return os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
