"""The /flash volume of a board on this machine: copied out of and into its disk file."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import hostpage, instances, paths, portvolume
from .disk import Disk
from .instances import Instance
from .qmp import qmp
from .report import Fail
from .storage.image import Image

SIZE = hostpage.ROMFS[0]
_BLOCK = 4096


def pull(instance: str | None, disk: Path | None) -> bytes:
    """The volume of a board that is stopped, or runs and is halted for the time of the copy."""
    found = _running(instance, disk)
    if found is None:
        with Disk(_existing(instance, disk)) as stopped:
            return _copy(stopped.path)
    with _halted(found):
        return _copy(Path(found.disk))


def push(
    data: bytes, image: Image, path: Path, instance: str | None, disk: Path | None
) -> int | None:
    """Replace the volume of a board: its disk file if it is stopped. One that runs is reset.

    data, image: the new volume; path: its file, for messages.
    Returns the number of blocks that were sent, None when it went as a whole.
    """
    found = _running(instance, disk)
    if found is not None and not found.qmp:
        # Its interpreter cannot be reset from outside while it stands still.
        return portvolume.push(found.url, data, image, path)
    check_image(image, path)
    if found is None:
        with Disk(_existing(instance, disk)) as stopped:
            _replace(stopped.path, data)
        return None
    with _halted(found) as control:
        _replace(Path(found.disk), data)
        # With the old volume in its memory the board must not run another instruction.
        control.execute("system_reset")
    return None


def check_image(image: Image, path: Path):
    """Raises Fail when a board of this machine cannot mount the image as /flash."""
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
