"""coil fs push and pull --port: what runs on the board runs here, on a medium that can fail, and the line
to it breaks at every command.
"""

import gc
import io
import os
import sys
import types
from contextlib import redirect_stdout

import pytest
from coiltools import cli, portvolume, storage
from coiltools.report import Fail
from littlefs import LittleFS, UserContext, errors
from mpremote.transport import TransportError

BLOCK, BLOCKS = 512, 16
OLD, NEW = {"a": b"old" * 400, "same": b"s" * 700}, {"b": b"new" * 900, "same": b"s" * 700}


def volume(files: dict[str, bytes]) -> bytes:
    made = LittleFS(block_size=BLOCK, block_count=BLOCKS)
    for name, data in files.items():
        with made.open(name, "wb") as file:
            file.write(data)
    return bytes(made.context.buffer)


def contents(data: bytes) -> dict[str, bytes] | None:
    """The files of a volume; None = it cannot be mounted."""
    context = UserContext(BLOCK * BLOCKS)
    context.buffer[:] = data
    fs = LittleFS(context, mount=False, block_size=BLOCK, block_count=BLOCKS)
    try:
        fs.mount()
    except errors.LittleFSError:
        return None
    return {name: fs.open(name, "rb").read() for name in fs.listdir("/")}


class Medium:
    """MicroPython's face of a medium."""

    def __init__(self, data: bytes):
        self.data = bytearray(data)
        self.written: list[int] = []
        self.results: dict[int, int | None] = {}  # of writing a block
        self.dropped: set[int] = set()  # blocks that do not take what is written

    def ioctl(self, request, _):
        return {3: 0, 4: BLOCKS, 5: BLOCK}[request]

    def readblocks(self, n, buf):
        buf[:] = self.data[n * BLOCK : (n + 1) * BLOCK]

    def writeblocks(self, n, buf):
        self.written.append(n)
        if n not in self.dropped:
            self.data[n * BLOCK : (n + 1) * BLOCK] = buf
        return self.results.get(n)


class Line:
    """A port, and the raw REPL of a board behind it."""

    medium: Medium
    breaks_at: int | None = None
    umount: Exception | None = None
    reset = restarted = False

    def __init__(self, port, timeout):
        self.serial = self
        self._names: dict = {}
        self._commands = 0

    def enter_raw_repl(self, soft_reset):
        type(self).reset = soft_reset

    def exit_raw_repl(self):
        pass

    def read_until(self, *_, **__):
        return b""

    def write(self, data):
        type(self).restarted = data == b"\x04"

    def close(self):
        pass

    def exec_raw(self, code, timeout, data_consumer=None):
        if self._commands == self.breaks_at:
            raise TransportError("the line is broken")
        self._commands += 1
        said = io.StringIO()
        failed = b""
        with redirect_stdout(said):
            try:
                exec(code, self._names)
            except Exception as error:
                failed = f"Traceback:\r\n{type(error).__name__}: {error}\r\n".encode()
        data = said.getvalue().replace("\n", "\r\n").encode()
        if data_consumer:
            data_consumer(data + b"\x04")
        return data, failed


@pytest.fixture
def line(monkeypatch):
    """A board with the old volume on its medium."""

    class Fresh(Line):
        medium = Medium(volume(OLD))

    def umount(path):
        assert path == "/flash"
        if Fresh.umount:
            raise Fresh.umount

    board = types.SimpleNamespace(storage=lambda: ((Fresh.medium, "/flash"),))
    monkeypatch.setitem(sys.modules, "board", board)
    monkeypatch.setitem(sys.modules, "vfs", types.SimpleNamespace(umount=umount))
    monkeypatch.setattr(os, "chdir", lambda path: None)
    monkeypatch.setattr(gc, "collect", lambda: None)
    monkeypatch.setattr(portvolume, "SerialTransport", Fresh)
    return Fresh


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "new.img"
    path.write_bytes(volume(NEW))
    return path


def fs(capsys, command, *arguments, fails=0) -> str:
    assert cli.main(["fs", command, *map(str, arguments), "--port", "X"]) == fails
    return capsys.readouterr().err


def test_push_and_pull(line, image, tmp_path, capsys):
    fs(capsys, "push", image)
    assert line.medium.data == image.read_bytes() and line.reset and line.restarted
    same = [
        n
        for n in range(2, BLOCKS)
        if volume(OLD)[n * BLOCK :][:BLOCK] == volume(NEW)[n * BLOCK :][:BLOCK]
    ]
    assert same and not set(same) & set(line.medium.written)
    line.medium.written.clear()
    fs(capsys, "push", image)
    assert line.medium.written == []
    back = tmp_path / "back.img"
    fs(capsys, "pull", back)
    assert back.read_bytes() == image.read_bytes() and not line.reset


def test_line_that_breaks_at_every_command(line, image):
    data = image.read_bytes()
    states = set()
    k, done = 0, False
    with storage.opened(image, "littlefs") as found:
        while not done:
            line.medium = Medium(volume(OLD))
            line.breaks_at = k
            try:
                portvolume.push("X", data, found, image)
                done = True
            except Fail as fail:
                assert fail.message.startswith("X does not answer"), fail
                states.add("as it was" in fail.message)
                if "as it was" in fail.message:
                    assert line.medium.data == volume(OLD), k
                else:
                    assert "The board has no volume now" in fail.message, fail
            assert contents(line.medium.data) in (OLD, NEW, None), k
            line.breaks_at = None
            portvolume.push("X", data, found, image)
            assert line.medium.data == data, k
            k += 1
    assert k > 10 and states == {True, False}


def test_interrupted_by_ctrl_c(line, image, capsys, monkeypatch):
    def write(n, buf):
        raise KeyboardInterrupt

    monkeypatch.setattr(line.medium, "writeblocks", write)
    assert "interrupted. The board has no volume now" in fs(capsys, "push", image, fails=1)


def test_medium_that_fails_or_lies(line, image, capsys):
    line.medium.dropped = {1}
    said = fs(capsys, "push", image, fails=1)
    assert "block 1 reads back other than it was written. The board has no volume" in said
    assert line.restarted
    line.medium = Medium(volume(OLD))
    line.medium.results = {0: -5}
    said = fs(capsys, "push", image, fails=1)
    assert "has raised an error. The board has no volume" in said and "OSError: 5" in said
    line.medium = Medium(volume(OLD))
    line.medium.readblocks = lambda n, buf: -5
    said = fs(capsys, "push", image, fails=1)
    assert "The volume on the board is as it was." in said and "OSError: 5" in said
    assert "OSError: 5" in fs(capsys, "pull", image, fails=1)


def test_volume_in_use_is_not_touched(line, image, capsys):
    line.umount = OSError(16, "in use")
    said = fs(capsys, "push", image, fails=1)
    assert "the board cannot unmount /flash. The volume on the board is as it was." in said
    assert line.medium.data == volume(OLD)
    line.umount = OSError(22, "not mounted")  # a board whose volume is damaged
    fs(capsys, "push", image)
    assert line.medium.data == image.read_bytes()


def test_other_sizes_and_other_things_are_refused(line, image, capsys, tmp_path):
    larger = tmp_path / "larger.img"
    made = LittleFS(block_size=BLOCK, block_count=BLOCKS * 2)
    larger.write_bytes(made.context.buffer)
    said = fs(capsys, "push", larger, fails=1)
    assert "/flash has 16 blocks of 512 bytes" in said and "--size 8192 --block-size 512" in said
    damaged = tmp_path / "damaged.img"
    damaged.write_bytes(volume(NEW)[: BLOCK * 2] + b"\x99" * BLOCK * (BLOCKS - 2))
    fs(capsys, "push", damaged, fails=1)
    assert line.medium.data == volume(OLD)


def test_volume_that_changes_while_it_is_sent(line, tmp_path, capsys):
    count = 0
    read = line.medium.readblocks

    def changing(n, buf):
        nonlocal count
        count += 1
        line.medium.data[-1] = count & 0xFF
        read(n, buf)

    line.medium.readblocks = changing
    back = tmp_path / "back.img"
    assert "has changed while it was copied" in fs(capsys, "pull", back, fails=1)
    assert not back.exists()


def test_no_port_is_no_board(image, capsys):
    assert cli.main(["fs", "push", str(image), "--port", ""]) == 1
    assert "--port names no port" in capsys.readouterr().err
