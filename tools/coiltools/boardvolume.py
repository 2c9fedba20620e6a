"""The /flash volume of a board: copied out of and into its disk file, or sent by a real board."""

import base64
import binascii
import os
import signal
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from . import hostpage, instances, paths
from .disk import Disk
from .instances import Instance
from .qmp import qmp
from .report import Fail
from .storage.image import Image

SIZE = hostpage.ROMFS[0]
_BLOCK = 4096
_LEAVE = "leave it first; a board that runs keeps its volume in memory"
#: Sends the blocks that are not blank.  Runs on the board: small, and nothing but what every port has.
_SEND = """
def _send():
    import binascii, board, gc
    device = board.storage()[0][0]
    size, count = device.ioctl(5, 0), device.ioctl(4, 0)
    print("size", size, count)
    buf = bytearray(size)
    total = crc = 0
    for n in range(count):
        device.readblocks(n, buf)
        fill = buf[0]
        if fill in (0, 255) and buf == bytes((fill,)) * size:
            print("fill", n, fill)
        else:
            print("data", n, str(binascii.b2a_base64(buf), "ascii"), end="")
        crc = binascii.crc32(buf, crc)
        gc.collect()
    print("end", crc)
_send()
"""


def pull(instance: str | None, disk: Path | None) -> bytes:
    """The volume of a board that is stopped, or runs and is halted for the time of the copy."""
    found = _running(instance, disk)
    if found is None:
        with Disk(_existing(instance, disk)) as stopped:
            return _copy(stopped.path)
    with _halted(found):
        return _copy(Path(found.disk))


def push(data: bytes, instance: str | None, disk: Path | None):
    """Replace the volume of a board that is stopped, or of an emulated one, which is reset."""
    found = _running(instance, disk)
    if found is None:
        with Disk(_existing(instance, disk)) as stopped:
            _replace(stopped.path, data)
        return
    if not found.qmp:
        raise Fail(f"{found.instance} runs.", _LEAVE)
    with _halted(found) as control:
        _replace(Path(found.disk), data)
        # With the old volume in its memory the board must not run another instruction.
        control.execute("system_reset")


def check_image(image: Image, path: Path):
    """Raises Fail when a board cannot mount the image as /flash."""
    problems = image.check()
    if problems:
        raise Fail(f"{path} is damaged: {problems[0]}", f"coil fs check {path}")
    if path.stat().st_size != SIZE or image.geometry != (_BLOCK, SIZE // _BLOCK):
        raise Fail(
            f"{path} is {image.about}; /flash has {SIZE // _BLOCK} blocks of {_BLOCK} bytes.",
            "coil fs build --kind littlefs --size 8M --block-size 4K",
        )


def _copy(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(SIZE)


def _replace(path: Path, data: bytes):
    with open(path, "r+b") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _running(name: str | None, disk: Path | None) -> Instance | None:
    """The board that runs and is meant; None = it is stopped."""
    boards = instances.running()
    if disk is not None:
        if name is not None:
            raise Fail("--disk and --instance name two boards.", "leave one out")
        same = [each for each in boards if Path(each.disk) == disk.resolve()]
        return same[0] if same else None
    if name is not None:
        return next((each for each in boards if each.instance == name), None)
    return instances.find() if boards else None


def _existing(name: str | None, disk: Path | None) -> Path:
    """The disk file of a board that is stopped."""
    if disk is None:
        folder = paths.BUILD / "disks"
        there = sorted(folder.glob("*.img"))
        if name is None and len(there) > 1:
            listed = ", ".join(each.stem for each in there)
            raise Fail(f"there are {len(there)} disks: {listed}.", "choose one with --instance")
        disk = folder / f"{name}.img" if name is not None else there[0] if there else None
    if disk is None or not disk.is_file():
        raise Fail(
            f"there is no disk {disk or 'of a board'}.",
            "a board's first run makes it: coil run; or name one with --instance or --disk",
        )
    return disk


@contextmanager
def _halted(found: Instance) -> Iterator:
    """The board stands still as long as the block runs; gives the QMP session, None without one."""
    if found.qmp:
        with qmp(Path(found.qmp)) as control:
            stood = not control.execute("query-status")["running"]
            control.execute("stop")
            try:
                yield control
            finally:
                if not stood:
                    control.execute("cont")
        return
    os.kill(found.board_pid, signal.SIGSTOP)
    try:
        yield None
    finally:
        os.kill(found.board_pid, signal.SIGCONT)


class _Receiver:
    """Puts a volume together from the lines that _SEND prints."""

    def __init__(self):
        self._line = bytearray()
        self._crc = 0
        self._size = self._count = self._next = 0
        self.data = bytearray()
        self.whole = False

    def take(self, data: bytes):
        self._line += data
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            words = line.strip(b"\r\x04").split()
            if words:
                self._word(*words)

    def _word(self, word: bytes, *values: bytes):
        if word == b"size":
            self._size, self._count = map(int, values)
        elif word in (b"fill", b"data"):
            if int(values[0]) != self._next:
                raise ValueError
            self._next += 1
            fill = word == b"fill"
            block = bytes((int(values[1]),)) * self._size if fill else base64.b64decode(values[1])
            if len(block) != self._size:
                raise ValueError
            self._crc = zlib.crc32(block, self._crc)
            self.data += block
        elif word == b"end":
            self.whole = self._next == self._count and int(values[0]) == self._crc


def pull_port(port: str) -> bytes:
    """The volume that a board with Coil OS sends over its prompt, checked by a CRC.

    port: as mpremote takes it.
    """
    receiver = _Receiver()
    try:
        transport = SerialTransport(port, timeout=10)
        try:
            transport.enter_raw_repl(soft_reset=False)
            _, failed = transport.exec_raw(_SEND, timeout=60, data_consumer=receiver.take)
            transport.exit_raw_repl()
        finally:
            transport.close()
    except (TransportError, OSError) as error:
        raise Fail(
            f"{port} does not answer: {error}.", "see that no other program uses it"
        ) from None
    except (ValueError, TypeError, binascii.Error):
        raise Fail(f"what {port} sends is garbled.", "stop what prints on that board") from None
    if failed:
        raise Fail(
            f"{port} cannot send its volume.",
            "the board needs firmware made by coil build",
            failed.decode(errors="replace").strip().rpartition("\n")[2],
        )
    if not receiver.whole:
        raise Fail(f"the volume from {port} has come damaged.", "try again")
    return bytes(receiver.data)
