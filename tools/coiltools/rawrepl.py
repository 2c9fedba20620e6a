"""Run code on a board through MicroPython's raw REPL, over any stream with a file number."""

import os
import select
import time

from .report import Fail

_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"


class BoardError(Fail):
    """The board does not answer as a MicroPython prompt should."""


class BoardException(Exception):
    """Code raised on the board.  `output` is what it printed before, `traceback` what it raised."""

    def __init__(self, output: str, traceback: str):
        super().__init__(traceback.strip() or output)
        self.output = output
        self.traceback = traceback


class Reader:
    """Bytes from a board's console with deadlines.

    fd: a file number that read() and write() work on.
    """

    def __init__(self, fd: int):
        self.fd = fd
        self._pending = bytearray()

    def write(self, data: bytes, timeout: float = 10):
        """Send everything; raises BoardError when the board takes no bytes for `timeout` s."""
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [self.fd], [], timeout)
            if not ready:
                raise BoardError(f"the board takes no input for {timeout} s.")
            # A console's buffer is small: a larger blocking write could wait for ever.
            view = view[os.write(self.fd, view[:256]) :]

    def _fill(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            raise BoardError("the board's console is closed.", "", self._tail())
        self._pending += data
        return True

    def _tail(self) -> str:
        return bytes(self._pending[-2000:]).decode(errors="replace")

    def until(self, *marks: bytes, timeout: float) -> bytes:
        """Everything up to and with the first of `marks`.  Raises BoardError after `timeout` s."""
        deadline = time.monotonic() + timeout
        start = 0
        while True:
            ends = [
                at + len(mark) for mark in marks if (at := self._pending.find(mark, start)) >= 0
            ]
            if ends:
                data = bytes(self._pending[: min(ends)])
                del self._pending[: min(ends)]
                return data
            start = max(0, len(self._pending) - max(map(len, marks)))
            if not self._fill(deadline):
                wanted = " or ".join(repr(mark.decode()) for mark in marks)
                raise BoardError(
                    f"the board did not send {wanted} within {timeout} s.", "", self._tail()
                )

    def exactly(self, count: int, timeout: float) -> bytes:
        """`count` bytes.  Raises BoardError after `timeout` s."""
        deadline = time.monotonic() + timeout
        while len(self._pending) < count:
            if not self._fill(deadline):
                raise BoardError(
                    f"the board stopped sending within {timeout} s.", "", self._tail()
                )
        data = bytes(self._pending[:count])
        del self._pending[:count]
        return data

    def drain(self, quiet: float = 0.05) -> bytes:
        """Everything that comes until the board is quiet for `quiet` seconds."""
        while self._fill(time.monotonic() + quiet):
            pass
        data = bytes(self._pending)
        self._pending.clear()
        return data


class RawRepl:
    """A raw REPL session: `with RawRepl(reader) as repl: repl.exec("print(1)")`.

    reset: soft-reset the board first, so that nothing that ran before is left.
    """

    def __init__(self, reader: Reader, *, reset: bool = False, timeout: float = 10):
        self._reader = reader
        self._reset = reset
        self._timeout = timeout

    def __enter__(self):
        self._reader.write(b"\r" + _CTRL_C + _CTRL_C)
        self._reader.drain()
        self._reader.write(b"\r" + _CTRL_A)
        self._reader.until(_BANNER, timeout=self._timeout)
        if self._reset:
            self._reader.write(_CTRL_D)
            self._reader.until(_BANNER, timeout=self._timeout)
        return self

    def __exit__(self, *exc):
        self._reader.write(b"\r" + _CTRL_B)
        self._reader.until(b">>> ", timeout=self._timeout)

    def exec(self, code: str, timeout: float = 10) -> str:
        """Run `code` and return what it prints.

        timeout: seconds for the whole run.
        Raises BoardException with the traceback, BoardError when the board does not answer.
        """
        self._reader.write(b"\x05A\x01")
        answer = self._reader.exactly(2, self._timeout)
        if answer != b"R\x01":
            raise BoardError(f"the board has no raw paste mode (it answers {answer!r}).")
        self._paste(code.encode())
        output = self._reader.until(_CTRL_D, timeout=timeout)[:-1]
        traceback = self._reader.until(_CTRL_D, timeout=timeout)[:-1]
        self._reader.until(b">", timeout=self._timeout)
        text = output.decode(errors="replace").replace("\r\n", "\n")
        if traceback:
            raise BoardException(text, traceback.decode(errors="replace").replace("\r\n", "\n"))
        return text

    def _paste(self, code: bytes):
        """Send source in raw paste mode: the board grants windows of bytes, so none is lost."""
        window = int.from_bytes(self._reader.exactly(2, self._timeout), "little")
        granted = window
        while code:
            while granted == 0:
                if self._reader.exactly(1, self._timeout) != b"\x01":
                    self._reader.write(_CTRL_D)
                    raise BoardError("the board gave up taking the code (out of memory?).")
                granted += window
            part, code = code[:granted], code[granted:]
            self._reader.write(part)
            granted -= len(part)
        self._reader.write(_CTRL_D)
        # Windows that were granted meanwhile come before the acknowledgement.
        self._reader.until(_CTRL_D, timeout=self._timeout)
