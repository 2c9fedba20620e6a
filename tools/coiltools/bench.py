"""Measures benchmarks on the emulated board, exactly: counted instructions, not time.

A benchmark is a file in tests/bench.  QEMU runs it with one instruction every 64 ns of virtual
time, each file from a boot of its own with an empty formatted disk, so the figures repeat to the
last digit with the same tools.
"""

import contextlib
import json
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from . import firmware, jsonfile
from .emulator import Emulator
from .paths import BUILD, ROOT
from .report import Fail, unknown
from .runningboard import run_script

FOLDER = ROOT / "tests" / "bench"
#: 2^6 ns an instruction; templates/benchmark.py computes with it.
_SHIFT = 6
_HARNESS = Path(__file__).parent / "templates" / "benchmark.py"
#: A benchmark may ask for a small heap in its first line: # heap: 128K
_HEAP = re.compile(r"# heap: (\d+)K\n")
#: Devices on the I2C bus: # i2c: tmp105@0x48
_I2C = re.compile(r"^# i2c: (.*)$", re.MULTILINE)
#: So many bytes come in on UART 1, as fast as it takes them: # serial: 50000
_SERIAL = re.compile(r"^# serial: (\d+)$", re.MULTILINE)
_RESULT = re.compile(r"^\x1e(\{.*\})$", re.MULTILINE)
#: Key of the tools' versions in the result file; every other key is a benchmark.
VERSIONS = "versions"


def files(names: Iterable[str] = (), native: bool = True) -> list[Path]:
    """The benchmark files, or those called `names`.

    native: False leaves out those of the native module, unless they are named.
    """
    known = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
    for name in names:
        if name not in known:
            raise unknown("benchmark", name, known, "coil bench --help")
    return [known[name] for name in names] or [
        path for path in known.values() if native or path.stem != "native"
    ]


@contextlib.contextmanager
def formatted_disk(built: firmware.Firmware):
    """A disk file as a board has it after its first boot; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="coil-bench-") as folder:
        disk = Path(folder) / "formatted.img"
        run_script(Emulator(built.image, disk=disk, epoch_s=0), "pass")
        yield disk


def run(file: Path, built: firmware.Firmware, disk: Path, timeout_s: float) -> dict[str, dict]:
    """Run one benchmark file on a fresh board and return {name: {"instructions": n, …}}.

    disk: from formatted_disk(); it stays as it is.
    """
    text = file.read_text()
    heap = _HEAP.match(text)
    script = _HARNESS.read_text() + text
    copy = disk.with_name(f"{file.stem}.img")
    shutil.copyfile(disk, copy)
    # No clock of the host, so that nothing of the host reaches the board.
    bytes_ = int(heap[1]) << 10 if heap else 0
    devices = _I2C.search(text)
    count = _SERIAL.search(text)
    with _sender(int(count[1]) if count else 0, disk.parent) as serial:
        board = Emulator(
            built.image,
            disk=copy,
            icount=_SHIFT,
            epoch_s=0,
            heap=bytes_,
            i2c=devices[1].split() if devices else (),
            serial=serial,
        )
        output = run_script(board, script, timeout_s)
    results = [json.loads(line) for line in _RESULT.findall(output)]
    said = _RESULT.sub("", output).strip()
    if said or not results:
        raise Fail(f"{file.name} did not end well", detail=said or "no result")
    return {result["name"]: result["values"] for result in results}


@contextlib.contextmanager
def _sender(count: int, folder: Path):
    """The arguments of a board whose UART 1 gets `count` bytes."""
    if not count:
        yield ()
        return
    path = folder / "uart1.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def send():
            with contextlib.suppress(OSError):  # the board ends when it has seen enough
                board, _ = listener.accept()
                with board:
                    board.sendall(bytes(count))
                    board.recv(1)

        threading.Thread(target=send, daemon=True).start()
        yield (f"1=unix:{path},connect",)


def result_file(board: str) -> Path:
    return BUILD / "bench" / f"{board}.json"


def stored(board: str) -> dict[str, dict]:
    """The results of the run before, {} if there is none."""
    return jsonfile.read(result_file(board))


def store(board: str, results: dict[str, dict], versions: dict[str, str]):
    kept = {name: values for name, values in stored(board).items() if name not in results}
    jsonfile.write(result_file(board), {**kept, **results, VERSIONS: versions})
