"""The two control sockets of a running QEMU: QMP (the machine) and qtest (its wires)."""

import json
import socket
import time
from contextlib import contextmanager
from pathlib import Path

from .report import Fail


class EmulatorError(Fail):
    """QEMU refused a command or does not answer."""


class _Link:
    """A line-based connection to one of QEMU's sockets.

    path: the socket.  timeout: seconds for connecting and for each answer.
    """

    def __init__(self, path: Path, timeout: float):
        self._timeout = timeout
        deadline = time.monotonic() + timeout
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.settimeout(timeout)
                self._socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                # QEMU makes its sockets while it starts.
                self._socket.close()
                if time.monotonic() >= deadline:
                    raise EmulatorError(f"the emulator does not listen on {path}.") from None
                time.sleep(0.005)
        self._lines = self._socket.makefile("rb")

    def send(self, line: str):
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError:
            raise EmulatorError("the emulator has ended.") from None

    def receive(self) -> bytes:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise EmulatorError(
                f"the emulator does not answer within {self._timeout:g} s."
            ) from None
        except OSError:
            line = b""
        if not line:
            raise EmulatorError("the emulator has ended.")
        return line

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._lines.close()
        self._socket.close()


class Qmp:
    """A QMP session over an open link; `qmp()` makes one."""

    def __init__(self, link: _Link):
        self._link = link
        self._link.receive()  # greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments):
        """Run a QMP command and return its result.  Raises EmulatorError when QEMU refuses."""
        self._link.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self._link.receive())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise EmulatorError(f"QEMU: {command}: {answer['error']['desc']}")

    def hmp(self, line: str) -> str:
        """Run a line of QEMU's human monitor and return what it prints."""
        return self.execute("human-monitor-command", **{"command-line": line})

    def job(self, command: str, **arguments):
        """Run a QMP command that starts a job, and wait for the job's end."""
        name = "coil"
        self.execute(command, **{"job-id": name}, **arguments)
        while True:
            job = next(j for j in self.execute("query-jobs") if j["id"] == name)
            if job["status"] == "concluded":
                break
            time.sleep(0.005)
        self.execute("job-dismiss", id=name)
        if "error" in job:
            raise EmulatorError(f"QEMU: {command}: {job['error']}")


@contextmanager
def qmp(path: Path, timeout: float = 5):
    """A QMP session on a Unix socket.  QEMU serves one at a time: keep it short."""
    with _Link(path, timeout) as link:
        yield Qmp(link)


def set_irq_in(path: Path, device: str, name: str, number: int, level: int, timeout: float = 5):
    """Set an input line of an emulated device over its board's qtest socket.

    device: QOM path.  name, number: of its GPIO.  A device without that line aborts QEMU, so
    neither may come from a user.
    """
    with _Link(path, timeout) as link:
        link.send(f"set_irq_in {device} {name} {number} {level}")
        answer = link.receive()
        if not answer.startswith(b"OK"):
            raise EmulatorError(f"QEMU refuses to set {name} {number} of {device}: {answer!r}")


def pulse_irq(path: Path, line: int, timeout: float = 5):
    """Raise and lower an NVIC input of the emulated board over its qtest socket.

    line: NVIC interrupt number.  The edge makes the interrupt pending.
    """
    for level in (1, 0):
        set_irq_in(path, "/machine/armv7m", "unnamed-gpio-in", line, level, timeout)
