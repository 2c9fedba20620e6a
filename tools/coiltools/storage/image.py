"""What all kinds of images have in common: files that are mapped, entries, safe extraction."""

import abc
import contextlib
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..report import Fail


class Damaged(Fail):
    """An image, or a part of it, cannot be read as what it claims to be."""


@dataclass(frozen=True)
class Entry:
    """One file, folder or key of an image.

    path: with "/" between the parts; a folder ends in "/".
    size: bytes.
    error: why its contents cannot be read, "" = they can.
    note: what else is worth saying, such as "write-once".
    """

    path: str
    size: int
    error: str = ""
    note: str = ""

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


class Image(abc.ABC):
    """An image that is open for reading.

    kind: "littlefs", "fat" or "kv".  about: its geometry, in words.
    """

    kind: str
    about: str
    #: Bytes that all files together can have; None = reading finds out.
    capacity: int | None = None

    def claimed_too_much(self) -> str:
        """What is wrong if the files claim more bytes than the image has; "" = nothing.

        Files that share their blocks could make a small image fill a disk.
        """
        if self.capacity is None:
            return ""
        # One that alone claims more cannot be read at all, and says so itself.
        sizes = (entry.size for entry in self.entries() if not entry.error)
        claimed = sum(size for size in sizes if size <= self.capacity)
        if claimed <= self.capacity:
            return ""
        return f"its files claim {claimed} bytes, it has room for {self.capacity}"

    @abc.abstractmethod
    def entries(self) -> list[Entry]:
        """All that is in it, by path.  Raises Damaged when not even a list can be had."""

    @abc.abstractmethod
    def read(self, path: str) -> bytes:
        """The contents of a file or key.  Raises Damaged; KeyError when there is none."""

    def check(self) -> list[str]:
        """What is wrong, in words; [] = every part was read and is sound."""
        if wrong := self.claimed_too_much():
            return [wrong]
        problems = []
        for entry in self.entries():
            if entry.error:
                problems.append(f"{shown(entry.path)}: {entry.error}")
            elif not entry.is_folder:
                try:
                    self.read(entry.path)
                except Damaged as damage:
                    problems.append(f"{shown(entry.path)}: {damage.message}")
        return problems


@contextlib.contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """The bytes of a file, read-only.  Raises Fail when it is no file or empty."""
    if not path.is_file():
        what = "no file" if path.exists() else "not there"
        raise Fail(f"{path} is {what}.", "name an image file")
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise Damaged(f"{path} is empty.", "coil fs build makes an image")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def shown(name: str) -> str:
    """A name from an image, safe for a terminal: what is no printable character is escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in name
    )


def _refused(part: str) -> bool:
    return part in ("", ".", "..") or any(c in part for c in "\0/\\") or not part.isprintable()


def _readable(image: Image, entry: Entry):
    """Raises Damaged, with the name, unless the contents can be read."""
    why = entry.error
    if not why:
        try:
            image.read(entry.path)
            return
        except Damaged as damage:
            why = damage.message
    raise Damaged(
        f"{shown(entry.path)} cannot be read: {why.rstrip('.')}.",
        "nothing was written; coil fs check lists all damage",
    )


def extract(image: Image, folder: Path) -> int:
    """Write all files of an image below `folder`, which must be new or empty.

    Returns how many.  Raises Damaged before anything is written when a name would lead out of the
    folder or has control characters, or when something cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Fail(f"{folder} is not empty.", "name a new folder: nothing is ever overwritten")
    if wrong := image.claimed_too_much():
        raise Damaged(
            f"{wrong}.", "nothing was written; coil fs cat shows a single file, coil fs check more"
        )
    entries = image.entries()
    found: dict[str, bool] = {}
    for entry in entries:
        path = entry.path.removesuffix("/")
        if any(_refused(part) for part in path.split("/")):
            raise Damaged(
                f"the name '{shown(entry.path)}' is refused: it could lead out of {folder}.",
                "nothing was written; coil fs cat shows a single file",
            )
        if entry.error:
            _readable(image, entry)
        if path in found:
            raise Damaged(f"the name '{shown(path)}' is there twice.", "nothing was written")
        found[path] = entry.is_folder
    for path in found:
        parent = path.rpartition("/")[0]
        if parent and not found.get(parent, True):
            raise Damaged(f"'{shown(parent)}' is a file and a folder.", "nothing was written")
    for entry in entries:
        if not entry.is_folder:
            _readable(image, entry)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for entry in entries:
        target = folder / entry.path
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(image.read(entry.path))
        count += 1
    return count
