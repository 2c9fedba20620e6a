"""Board `host`: MicroPython as a program of this machine, on a pseudo-terminal."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from . import models
from .emulator import die_with_parent
from .report import Fail
from .runningboard import RunningBoard

#: A program that ends sooner than this after its start is not started again.
_SHORTEST_LIFE_S = 0.5
_ENDED_TOO_OFTEN = 3


class HostBoard(RunningBoard):
    """The program `image`; see RunningBoard for the options.

    i2c: simulated devices, as on the command line; see models.py.

    The program finds its disk file in the environment variable COIL_DISK, is told of changed pins
    by SIGUSR1, and resets by ending with status 0: it is started again on the same terminal.
    """

    def __init__(self, image: Path, *, i2c: Sequence[str] = (), **options):
        devices = models.i2c_lines(list(i2c))
        super().__init__(image, **options)
        self.page.devices = devices
        self._process: subprocess.Popen | None = None
        self._master = self._slave = -1
        self._started = 0.0
        self._short_lives = 0

    @property
    def fd(self) -> int:
        return self._master

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self):
        if not self.image.is_file():
            raise Fail(f"there is no firmware {self.image}.", "coil build --board host")
        # We keep the slave open: the terminal outlives a reset of the board.
        self._master, self._slave = pty.openpty()
        _plain(self._slave)
        self._reader = None
        self._launch()

    def _launch(self):
        _plain(self._slave)
        try:
            self._process = subprocess.Popen(
                [str(self.image.resolve())],
                stdin=self._slave,
                stdout=self._slave,
                stderr=self._slave,
                cwd=self.directory,
                env={**os.environ, "COIL_DISK": str(self.disk.path.resolve())},
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        except OSError as error:
            raise Fail(
                f"{self.image} cannot be started: {error.strerror}.", "coil build --board host"
            ) from None
        self._started = time.monotonic()
        self.on_launch()

    def stop(self):
        if self._process is None:
            return
        self._end()
        for fd in (self._master, self._slave):
            os.close(fd)
        self._process = None

    def _end(self):
        """End the program as a loss of power would; its storage is in the disk file already."""
        self._process.kill()
        self._process.wait()

    def reset(self):
        self._end()
        self._launch()

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def ended(self) -> str:
        code = self._process.poll()
        if code is None:  # reset() has started it again already
            return ""
        if code:
            ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
            return f"the board's program ended with {ended}."
        lived = time.monotonic() - self._started
        self._short_lives = self._short_lives + 1 if lived < _SHORTEST_LIFE_S else 0
        if self._short_lives >= _ENDED_TOO_OFTEN:
            return f"the board's program ended {_ENDED_TOO_OFTEN} times right after its start."
        self._launch()
        return ""


def _plain(fd: int):
    """Set a terminal up as a wire, except that Ctrl-C still interrupts the running program."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, keys = termios.tcgetattr(fd)
    iflag &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.ISTRIP)
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN)
    keys[termios.VMIN], keys[termios.VTIME] = 1, 0
    # Only Ctrl-C makes a signal: Ctrl-\ and Ctrl-Z are the board's keys.
    keys[termios.VQUIT] = keys[termios.VSUSP] = b"\0"
    state = [iflag, oflag, cflag, lflag | termios.ISIG, ispeed, ospeed, keys]
    termios.tcsetattr(fd, termios.TCSANOW, state)


def _take_terminal():
    """In the child: make the pseudo-terminal the controlling one, so that Ctrl-C reaches it."""
    die_with_parent()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
