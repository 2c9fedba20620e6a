"""Boards for the tests: booted from the default firmware, each with a disk of its own."""

import fcntl
import os
import pty
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from coiltools import firmware as builder
from coiltools import hostpage, paths, runningboard
from coiltools.emulator import Emulator

_COIL = "from coiltools.cli import main; main()"


def pytest_collection_modifyitems(config, items):
    """Repeat a test that failed, once, and say so: emulated boards share a busy machine's time.

    A test that is in the list of reruns has a fault that is to be mended. Those that look for rare
    faults at random moments are not repeated. `-p no:rerunfailures` switches this off.
    """
    if config.pluginmanager.hasplugin("rerunfailures"):
        here = Path(__file__).parent
        for item in items:
            if item.path.is_relative_to(here) and not item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def firmware() -> Path:
    """The default firmware of board mps2, built if need be."""
    return builder.build(None, "mps2").image


@pytest.fixture
def board_factory(firmware):
    """Boot boards: board_factory(**options of Emulator); they end with the test.

    They start no application unless `flags` says otherwise.
    """
    boards = []

    def boot(**options):
        options.setdefault("flags", hostpage.NO_APP)
        board = Emulator(options.pop("image", firmware), **options)
        boards.append(board)
        board.start()
        board.wait_for_prompt()
        return board

    yield boot
    for board in boards:
        board.close()


@pytest.fixture
def board(board_factory):
    """A freshly booted board at its prompt."""
    return board_factory()


class CoilRun:
    """`coil run` in a pseudo-terminal, as a user sees it.

    arguments: of coil.  home: COIL_BUILD, so that the instances of a test are its own.
    """

    def __init__(self, home: Path, *arguments: str):
        self.home = home
        self.environment = {**os.environ, "COIL_BUILD": str(home), "COLUMNS": "200"}
        self.master, self.terminal = pty.openpty()
        self.settings = termios.tcgetattr(self.terminal)
        self._shown = bytearray()
        self._seen = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", _COIL, *arguments],
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            env=self.environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self._shown += data

    @property
    def shown(self) -> str:
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def wait(self, text: str, timeout: float = 15) -> str:
        """What the terminal shows up to `text`, behind what an earlier wait() has seen."""
        deadline = time.monotonic() + timeout
        wanted = text.encode()
        while (at := self._shown.find(wanted, self._seen)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} in {self.shown[-2000:]!r}"
            if self.process.poll() is not None:  # the reader may not have got its last words yet
                deadline = min(deadline, time.monotonic() + 1)
            time.sleep(0.005)
        start, self._seen = self._seen, at + len(wanted)
        return self._shown[start : self._seen].decode(errors="replace").replace("\r\n", "\n")

    def type(self, keys: str):
        os.write(self.master, keys.encode())

    def leave(self) -> int:
        """Leave with Ctrl-]; returns the exit status."""
        self.type("\x1d")
        return self.process.wait(10)

    def coil(self, *arguments: str) -> subprocess.CompletedProcess:
        """Another coil command beside."""
        return subprocess.run(
            [sys.executable, "-c", _COIL, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    def mpremote(self, *arguments: str, instance: str | None = None, timeout: float = 60):
        """mpremote on this board's console; returns what it prints."""
        chosen = ["--instance", instance] if instance else []
        url = self.coil("port", *chosen).stdout.strip()
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", url, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            os.close(self.master)
            os.close(self.terminal)


@pytest.fixture(scope="session")
def host_program() -> Path:
    """The default firmware of board host, built if need be."""
    return builder.build(None, "host").image


@pytest.fixture(scope="session")
def rtos_image():
    """The default firmware of board mps2: rtos_image(native=False) is that without boards/native."""
    built = {}

    def get(native: bool = True) -> Path:
        if native not in built:
            built[native] = builder.build(None, "mps2", native=native).image
        return built[native]

    return get


@pytest.fixture
def rtos_script(rtos_image):
    """Run rtos_scripts/<name>.py on a fresh board that counts instructions; returns its output.

    native: firmware with boards/native.  heap: bytes, 0 = all.  constants: what the script expects
    to be defined.
    """

    def run(name: str, *, native=True, heap=0, icount=6, timeout=60, **constants) -> str:
        text = (Path(__file__).parent / "rtos_scripts" / f"{name}.py").read_text()
        head = "".join(f"{key} = {value!r}\n" for key, value in constants.items())
        board = Emulator(rtos_image(native), heap=heap, icount=icount, epoch_s=0)
        return runningboard.run_script(board, head + text, timeout)

    return run


@pytest.fixture
def coil_run(firmware, tmp_path):
    """Start `coil run`: coil_run(*options); runs the default firmware, ends with the test.

    image: another firmware.
    """
    started = []

    # Everything that has been built is shared; names and disks of boards are the test's own.
    home = tmp_path / "build"
    home.mkdir()
    for made in paths.BUILD.resolve().iterdir():
        if made.name not in ("run", "disks"):
            (home / made.name).symlink_to(made)

    def start(*arguments: str, image: Path = firmware) -> CoilRun:
        run = CoilRun(home, "run", "--image", str(image), *arguments)
        started.append(run)
        return run

    yield start
    for run in started:
        run.close()
