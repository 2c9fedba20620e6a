"""mtools and dosfstools, called with a time limit and without the user's settings."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .. import packages
from ..report import Fail
from .source import Item

_TIMEOUT_S = 60
_ROOT_ENTRIES_SMALL, _SMALL = 112, 1 << 20
#: Like MicroPython, these know no time zones.
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "MTOOLSRC": os.devnull, "MTOOLS_SKIP_CHECK": "1"}


def _program(name: str) -> str:
    """The path of a program, which may lie beside one that the machine was asked for."""
    known = packages.piece("mkfs.fat" if name == "fsck.fat" else name)
    found = known.find()
    if found is None:
        raise Fail(f"{name} is not there.", f"apt-get install {known.package}, or make setup")
    return str(Path(found).with_name(name))


def _run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            [_program(name), *map(str, arguments)],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise Fail(f"{name} did not end within {_TIMEOUT_S} s.") from None


def check(volume: Path) -> list[str]:
    """What fsck.fat finds wrong with an image of one volume."""
    done = _run("fsck.fat", "-n", volume)
    lines = [line.strip() for line in done.stdout.splitlines()[1:]]
    if done.returncode == 0:
        return []
    last = f"{volume}:"
    return [line for line in lines if line and not line.startswith(last)] or [
        f"fsck.fat ends with status {done.returncode}"
    ]


def build(items: list[Item], size: int, sector: int, target: Path):
    """Write an image.  Raises Fail when it does not all fit."""
    with tempfile.TemporaryDirectory(prefix="coil-") as scratch:
        image = Path(scratch) / "image"
        tree = Path(scratch) / "tree"
        tree.mkdir()
        with open(image, "wb") as file:
            file.truncate(size)
        entries = ["-r", str(_ROOT_ENTRIES_SMALL)] if size < _SMALL else []
        made = _run("mkfs.fat", "--invariant", "-S", str(sector), *entries, image)
        if made.returncode:
            raise Fail(f"{size} bytes are no FAT.", "take another --size", made.stdout)
        for item in items:
            path = tree / item.path
            if item.data is None:
                path.mkdir()
            else:
                path.write_bytes(item.data)
        for item in reversed(items):  # folders last: what comes into them changes their time
            if item.mtime_ns:
                os.utime(tree / item.path, ns=(item.mtime_ns, item.mtime_ns))
        top = sorted(tree.iterdir())
        if top:
            copied = _run("mcopy", "-i", image, "-s", "-m", "-Q", *top, "::/")
            if copied.returncode:
                needed = sum(len(item.data or b"") for item in items)
                raise Fail(
                    f"{len(items)} files and folders with {needed} bytes do not fit into {size}"
                    " bytes of FAT.",
                    "take a larger --size",
                    copied.stdout,
                )
        shutil.copyfile(image, target)
