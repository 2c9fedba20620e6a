"""The console of a board: between its UART, the user's terminal and a program that borrows it."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Protocol

from .lender import CHUNK, Lender
from .report import Fail, err
from .terminal import Terminal

#: Output that waits for a slow terminal; when it is full the board waits (its UART is stopped).
_TERMINAL_MAX = 1 << 18
_CLIENT_MAX = 1 << 16
#: Input that waits for a slow board; when it is full its sender waits.
_BOARD_MAX = 1 << 12
_IN, _OUT = select.POLLIN, select.POLLOUT
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Process(Protocol):
    """The program behind the console, as far as the console cares."""

    pid: int

    def ended(self) -> str | None:
        """Called after the program's end: "" = it runs again, None = leave, else what failed."""


class Watch(Protocol):
    """A source of work that has to wait while the console is lent."""

    def fileno(self) -> int: ...

    def work(self, notice: Callable[[str], None]) -> None: ...


class Console:
    """Connects the board's console to the terminal until the user leaves or the board ends.

    fd: the console's file number.
    terminal: None when the user's terminal belongs to another program, such as a debugger.
    process: what ends when the board ends; None when `fd` itself tells by closing.
    lender: lends the console; None = no lending.
    exit_after: leave after so many seconds; None = never.
    """

    def __init__(
        self,
        fd: int,
        terminal: Terminal | None,
        *,
        process: Process | None = None,
        lender: Lender | None = None,
        exit_after: float | None = None,
    ):
        self._fd = fd
        self._terminal = terminal
        self._process = process
        self._lender = lender
        self._watch: Watch | None = None
        self._exit_after = exit_after
        self._to_board = bytearray()
        self._to_terminal = bytearray()
        self._to_client = bytearray()
        self._input = None if terminal is None else terminal.input
        self._told = False
        self._done = False
        self._pidfd: int | None = None
        os.set_blocking(fd, False)

    def notice(self, text: str):
        """Tell the user something on the terminal, told apart from the board's output."""
        if self._terminal is None:
            return
        if not os.isatty(self._terminal.output):  # keep the board's output clean
            err.print(f"[coil] {text}", markup=False, soft_wrap=True)
            return
        lines = text.rstrip().replace("\n", "\r\n")
        self._to_terminal += f"\r\n\x1b[2m[coil] {lines}\x1b[0m\r\n".encode()

    def watch(self, watch: Watch):
        """Do this work beside, such as loading changed files."""
        self._watch = watch

    def run(self):
        """Serve until the end.  Raises Fail when the board's program failed."""
        deadline = None if self._exit_after is None else time.monotonic() + self._exit_after
        self._open_pidfd()
        try:
            # Signals first: one that comes while the terminal is raw must not end us as it is.
            with (
                _Signals(interrupt=self._terminal is not None) as signals,
                self._terminal or contextlib.nullcontext(),
            ):
                while not self._done:
                    self._step(signals, deadline)
                self._flush()
        finally:
            self._close_pidfd()
            if self._lender is not None:
                self._lender.end()

    def _step(self, signals: "_Signals", deadline: float | None):
        """Wait for something and handle it."""
        handlers = {signals.fileno(): (_IN, self._leave), **self._handlers()}
        poll = select.poll()
        for fd, (events, _) in handlers.items():
            poll.register(fd, events)
        left = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
        for fd, _ in poll.poll(left):
            handlers[fd][1]()
        if deadline is not None and time.monotonic() >= deadline:
            self._done = True

    def _handlers(self) -> dict[int, tuple[int, Callable[[], None]]]:
        """What to wait for now, by file number: events and who handles them."""
        lent = self._lender is not None and self._lender.client is not None
        handlers = {}
        room = (
            len(self._to_client) < _CLIENT_MAX if lent else len(self._to_terminal) < _TERMINAL_MAX
        )
        board = (_IN if room else 0) | (_OUT if self._to_board else 0)
        if board:
            handlers[self._fd] = (board, self._serve_board)
        hungry = len(self._to_board) < _BOARD_MAX
        # A person's keys are looked at even while they cannot be sent; a file waits.
        keys = hungry and not lent or self._terminal is not None and self._terminal.interactive
        if self._input is not None and keys:
            handlers[self._input] = (_IN, self._serve_input)
        if self._to_terminal and self._terminal is not None:
            handlers[self._terminal.output] = (_OUT, self._serve_terminal)
        if self._lender is not None:
            handlers[self._lender.fileno()] = (_IN, self._serve_listener)
        if lent:
            client = (_IN if hungry else 0) | (_OUT if self._to_client else 0)
            handlers[self._lender.client.fileno()] = (client, self._serve_client)
        if self._watch is not None and not lent:
            handlers[self._watch.fileno()] = (_IN, lambda: self._watch.work(self.notice))
        if self._pidfd is not None:
            handlers[self._pidfd] = (_IN, self._serve_end)
        return handlers

    def _leave(self):
        self._done = True

    def _serve_board(self):
        with contextlib.suppress(BlockingIOError):
            if self._to_board:
                del self._to_board[: os.write(self._fd, self._to_board)]
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
        elif self._lender is not None and self._lender.client is not None:
            self._to_client += data
            self._send_client()
        elif self._terminal is not None:
            self._to_terminal += data

    def _lost(self):
        """The console has closed: the board's program ends, or the lending one did."""
        if self._process is None or not self._serve_end(wait=2):
            self.notice("the console has been closed by the other side")
            self._done = True

    def _serve_end(self, wait: float = 0) -> bool:
        """Handle the end of the board's program; False when it has not ended after `wait` s."""
        ready = select.poll()
        ready.register(self._pidfd, _IN)
        if not ready.poll(wait * 1000):
            return False
        self._close_pidfd()
        why = self._process.ended()
        if why:
            self._flush()
            raise Fail(
                "the board has ended.",
                "correct what is said above, if anything; start it again",
                why,
            )
        if why is None:
            self._done = True
        else:
            self._open_pidfd()
        return True

    def _open_pidfd(self):
        if self._process is not None:
            self._pidfd = os.pidfd_open(self._process.pid)

    def _close_pidfd(self):
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _serve_input(self):
        data, leave = self._terminal.read()
        if leave:
            self._done = True
        elif not data:
            self._input = None
        elif self._lender is not None and self._lender.client is not None:
            if not self._told:
                self.notice("the console is lent: keys are not sent; Ctrl-] leaves")
                self._told = True
        else:
            self._to_board += data

    def _serve_terminal(self):
        try:
            del self._to_terminal[: self._terminal.write(self._to_terminal)]
        except BrokenPipeError:
            self._done = True

    def _serve_listener(self):
        if self._lender.accept():
            self._told = False
            self._to_client.clear()
            self.notice(
                f"console lent to a program (mpremote, {self._lender.peer}); "
                "it returns when that program ends"
            )

    def _serve_client(self):
        self._send_client()
        data = self._lender.read()
        if data is None:
            for_board, for_terminal = self._lender.end()
            self.notice("console returned")
            self._to_board += for_board
            if self._terminal is not None:
                self._to_terminal += for_terminal + self._to_client
            self._to_client.clear()
        else:
            self._to_board += data
            self._send_board()

    def _send_client(self):
        """Send at once what fits: a detour through poll() would add to every round trip."""
        if self._to_client:
            del self._to_client[: self._lender.write(self._to_client)]

    def _send_board(self):
        with contextlib.suppress(OSError):
            del self._to_board[: os.write(self._fd, self._to_board)]

    def _flush(self, seconds: float = 0.5):
        """Give a slow terminal a moment to show the rest."""
        if self._terminal is None:
            return
        deadline = time.monotonic() + seconds
        ready = select.poll()
        ready.register(self._terminal.output, _OUT)
        while self._to_terminal and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(BrokenPipeError):
                if ready.poll(left * 1000):
                    del self._to_terminal[: self._terminal.write(self._to_terminal)]
                    continue
            return


class _Signals:
    """Turns the signals that end us into something that poll() can wait for.

    interrupt: whether SIGINT ends us too; a debugger in our terminal wants it for itself.
    """

    def __init__(self, interrupt: bool):
        self._interrupt = interrupt
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)

    def fileno(self) -> int:
        return self._ours.fileno()

    def __enter__(self):
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno())
        self._handlers = {
            number: signal.signal(number, lambda *_: None)
            for number in (signal.SIGTERM, signal.SIGHUP)
        }
        interrupt = (lambda *_: None) if self._interrupt else signal.SIG_IGN
        self._handlers[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
        return self

    def __exit__(self, *exc):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._ours.close()
        self._theirs.close()
