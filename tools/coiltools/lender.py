"""Lends a board's console to other programs: a TCP port of this machine, one client at a time."""

import contextlib
import re
import socket

#: mpremote enters and leaves the raw REPL with these.
_RAW = re.compile(rb"\r[\x01\x02]")
#: Raw paste mode: what begins it, and what ends the source.
_PASTE, _PASTED = b"\x05A\x01", b"\x04"
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
#: Output kept for the terminal after the client's last word; a greeting and a prompt fit.
_TAIL = 512
#: How much one read takes.
CHUNK = 1 << 16


class Lender:
    """Listens on a free port of 127.0.0.1.  `client` is the borrower's socket, or None."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.client: socket.socket | None = None
        self.peer = ""
        self._last = b""
        self._raw = self._pasting = False
        self._before = b""
        self._tail = bytearray()

    def fileno(self) -> int:
        return self._listener.fileno()

    def close(self):
        self.end()
        self._listener.close()

    def accept(self) -> bool:
        """Take a connection; True when the console is lent now, False when it was refused."""
        try:
            client, (host, port) = self._listener.accept()
        except OSError:  # gone before we looked
            return False
        if self.client is not None:
            with client, contextlib.suppress(OSError):
                client.sendall(f"the console is in use by {self.peer}; try later\r\n".encode())
            return False
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client = client
        self.peer = f"{host}:{port}"
        self._last = self._before = b""
        self._raw = self._pasting = False
        self._tail.clear()
        self._acknowledge()
        return True

    def _acknowledge(self):
        """Acknowledge at once what the client sent.

        Clients such as mpremote send a message in several small writes without TCP_NODELAY; their
        second write waits for the acknowledgement of the first, which Linux delays by 40 ms.
        The option wears off, so it is set again after every read.
        """
        if _QUICKACK is not None:
            self.client.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def read(self) -> bytes | None:
        """What the client sends; None when it has gone."""
        try:
            data = self.client.recv(CHUNK)
            self._acknowledge()
        except BlockingIOError:
            return b""
        except OSError:
            return None
        if not data:
            return None
        for mark in _RAW.findall(self._last + data):
            self._raw = mark[-1:] == b"\x01"
        seen = self._before + data
        begun, ended = seen.rfind(_PASTE), seen.rfind(_PASTED)
        if begun != ended:
            self._pasting = begun > ended
        self._before = seen[-2:]
        self._last = data[-1:]
        self._tail.clear()
        return data

    def write(self, data: bytes | bytearray) -> int:
        """Send what fits now; returns how much."""
        try:
            sent = self.client.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            sent = len(data)  # read() tells that the client has gone
        if self._last == b"\x02" or self._last == b"\x04" and not self._raw:
            self._tail += data[: min(sent, _TAIL - len(self._tail))]
        return sent

    def end(self) -> tuple[bytes, bytes]:
        """Take the console back; returns bytes for the board and bytes for the terminal.

        Board: what makes its prompt usable.  A client that was killed leaves it in the raw REPL,
        which does not echo, or in the middle of a paste.
        Terminal: what the board said after the client had left the raw REPL, or restarted the board
        from its prompt, as its last act: greeting and prompt, which the client does not read any more.
        """
        if self.client is None:
            return b"", b""
        self.client.close()
        self.client = None
        leave = b"\r\x02" if self._raw else b""
        return b"\x03" * self._pasting + leave, bytes(self._tail)
