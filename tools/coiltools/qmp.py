"""The two control sockets of a running QEMU: QMP (the machine) and qtest (its wires)."""

import json
import socket
import time
from contextlib import contextmanager
from pathlib import Path

from .report import Fail


class EmulatorError(Fail):
    """QEMU refused a command or does not answer."""


@contextmanager
def _connect(path: Path, timeout: float):
    deadline = time.monotonic() + timeout
    link = socket.socket(socket.AF_UNIX)
    try:
        while True:
            try:
                link.settimeout(max(0.01, deadline - time.monotonic()))
                link.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                # QEMU makes its sockets while it starts.
                if time.monotonic() >= deadline:
                    raise EmulatorError(f"the emulator does not listen on {path}.") from None
                time.sleep(0.005)
        with link.makefile("rwb") as lines:
            yield lines
    except TimeoutError:
        raise EmulatorError(f"the emulator does not answer within {timeout} s.") from None
    except ConnectionError:
        raise EmulatorError("the emulator has ended.") from None
    finally:
        link.close()


class Qmp:
    """A QMP session over an open stream; `qmp()` makes one."""

    def __init__(self, lines):
        self._lines = lines
        self._read()  # greeting
        self.execute("qmp_capabilities")

    def _read(self) -> dict:
        line = self._lines.readline()
        if not line:
            raise EmulatorError("the emulator has ended.")
        return json.loads(line)

    def execute(self, command: str, **arguments):
        """Run a QMP command and return its result.  Raises EmulatorError when QEMU refuses."""
        message = {"execute": command, "arguments": arguments}
        self._lines.write(json.dumps(message).encode() + b"\n")
        self._lines.flush()
        while True:
            answer = self._read()
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
    with _connect(path, timeout) as lines:
        yield Qmp(lines)


def pulse_irq(path: Path, line: int, timeout: float = 5):
    """Raise and lower an NVIC input of the emulated board over its qtest socket.

    line: NVIC interrupt number.  The edge makes the interrupt pending.
    """
    with _connect(path, timeout) as lines:
        for level in (1, 0):
            # A wrong path is refused, a wrong name or number aborts QEMU: neither comes from a user.
            lines.write(f"set_irq_in /machine/armv7m unnamed-gpio-in {line} {level}\n".encode())
            lines.flush()
            answer = lines.readline()
            if not answer.startswith(b"OK"):
                raise EmulatorError(f"QEMU refuses to raise interrupt {line}: {answer!r}")
