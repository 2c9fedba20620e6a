"""littlefs images: made in this process, read in another one.

An image of unknown origin can make the C code of littlefs loop or abort, so it runs in a child (lfsread)
with a time limit.
"""

import json
import struct
import subprocess
import sys
from pathlib import Path

from littlefs import LittleFS, errors

from ..report import Fail
from .image import Damaged, Entry, Image
from .source import Item, Medium, checked

_MAGIC = b"littlefs"
_MAGIC_AT = 8  # in block 0 and block 1: littlefs SPEC.md, "The superblock"
_TIMEOUT_S = 60
#: As MicroPython mounts it: extmod/vfs_lfs.c, and vfs_lfsx.c for the cache, which bounds the files
#: that are stored inside their folder.
_READ = _PROGRAM = 32
_CACHE = 4 * _PROGRAM
#: The attribute in which MicroPython keeps a file's time: 8 bytes, nanoseconds since 1970.
_MTIME = 1
_NAME_MAX = 255
_BLOCK_MIN = _CACHE
_SIZE_MAX = 1 << 30


def geometry(data) -> tuple[int, int, int] | None:
    """(block size, number of blocks, version) of the image at the start of `data`, or None.

    Either copy of the superblock will do, so that one may be damaged.
    """
    at = data.find(_MAGIC)
    while at >= 0:
        start = at - _MAGIC_AT
        end = at + len(_MAGIC) + 16
        if end <= len(data):
            # Behind the magic and one tag: version, block size, number of blocks.
            version, block, count = struct.unpack_from("<3I", data, at + len(_MAGIC) + 4)
            if version >> 16 == 2 and block >= _BLOCK_MIN and count > 1 and start in (0, block):
                return block, count, version
        at = data.find(_MAGIC, at + 1)
    return None


def detect(data) -> bool:
    return geometry(data) is not None


class LfsImage(Image):
    """path: the file.  data: its bytes.  block_size: None = what the superblock says.

    geometry: (block size, number of blocks).
    """

    kind = "littlefs"

    def __init__(self, path: Path, data, block_size: int | None = None):
        found = geometry(data)
        if block_size is not None and (found is None or found[0] != block_size):
            if len(data) < 2 * block_size:
                raise Damaged(f"{path} is smaller than two blocks.", "leave out --block-size")
            found = block_size, len(data) // block_size, 0
        if found is None:
            raise Damaged(
                f"{path} has no littlefs of version 2: both superblocks are damaged or absent.",
                "give its --block-size if you know it",
            )
        self._block, self._count, version = found
        self.geometry = self._block, self._count
        if self._block * self._count > len(data):
            raise Damaged(
                f"{path} is cut off: its littlefs has {self._block * self._count} bytes,"
                f" the file {len(data)}.",
                "copy the whole image",
            )
        disk = f", format {version >> 16}.{version & 0xFFFF}" if version else ""
        self.about = f"littlefs{disk}, {self._count} blocks of {self._block} bytes"
        self._path = path
        self._found: dict[str, tuple[Entry, bytes]] | None = None

    def _all(self) -> dict[str, tuple[Entry, bytes]]:
        if self._found is None:
            self._found = _read(self._path, self._block, self._count)
        return self._found

    def entries(self):
        return [entry for entry, _ in self._all().values()]

    def read(self, path):
        entry, data = self._all()[path]
        if entry.error:
            raise Damaged(f"{entry.error}.")
        return data


def _read(path: Path, block: int, count: int) -> dict[str, tuple[Entry, bytes]]:
    """All that is in the image, read by a child process."""
    command = [sys.executable, "-m", f"{__package__}.lfsread", str(path), str(block), str(count)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Damaged(
            f"{path} is damaged: reading it does not end.", "make a new image, or format"
        ) from None
    found = {}
    rest = done.stdout
    while rest:
        line, _, rest = rest.partition(b"\n")
        record = json.loads(line)
        if "path" not in record:
            if record["error"]:
                raise Damaged(f"{path} is damaged: {record['error']}.", "make a new image")
            return dict(sorted(found.items()))
        # The child hands bytes over as characters of the same number.
        name = record["path"].encode("latin-1").decode(errors="surrogateescape")
        data, rest = rest[: record["bytes"]], rest[record["bytes"] :]
        found[name] = Entry(name, record["size"], record["error"]), data
    detail = done.stderr.decode(errors="replace")[-500:]
    raise Damaged(f"{path} is damaged: littlefs gives up on it.", "make a new image", detail)


class _Memory:
    """The medium of an image that is being made."""

    def __init__(self, size: int, block: int):
        self.data = bytearray(b"\xff") * size
        self._block = block

    def read(self, cfg, block, off, size):
        at = block * self._block + off
        return self.data[at : at + size]

    def prog(self, cfg, block, off, data):
        at = block * self._block + off
        self.data[at : at + len(data)] = data
        return 0

    def erase(self, cfg, block):
        at = block * self._block
        self.data[at : at + self._block] = b"\xff" * self._block
        return 0

    def sync(self, cfg):
        return 0


def build(items: list[Item], medium: Medium, target: Path):
    """Write an image that MicroPython mounts.  Raises Fail when it does not all fit."""
    size, block = medium.size, medium.block_size or 4096
    if block < _BLOCK_MIN or block % _CACHE:
        raise Fail(
            f"a block of littlefs cannot have {block} bytes.", f"take a multiple of {_CACHE}"
        )
    if size % block or not size // block >= 2 or size > _SIZE_MAX:
        raise Fail(
            f"{size} bytes are no littlefs.",
            f"take a multiple of the block size, {block}, from two blocks to {_SIZE_MAX >> 20} MB",
        )
    checked(items, name_max=_NAME_MAX)
    memory = _Memory(size, block)
    fs = LittleFS(
        memory,
        mount=False,
        filename_encoding="latin-1",
        block_size=block,
        block_count=size // block,
        read_size=_READ,
        prog_size=_PROGRAM,
        cache_size=_CACHE,
        lookahead_size=256,
    )
    try:
        fs.format()
        fs.mount()
        for item in items:
            name = item.path.encode(errors="surrogateescape").decode("latin-1")
            if item.data is None:
                fs.mkdir(name)
                continue
            with fs.open(name, "wb") as file:
                file.write(item.data)
            if item.mtime_ns:
                fs.setattr(name, _MTIME, struct.pack("<Q", item.mtime_ns))
        fs.unmount()
    except (errors.LittleFSError, OSError) as error:
        needed = sum(len(item.data or b"") for item in items)
        raise Fail(
            f"{len(items)} files and folders with {needed} bytes do not fit into {size} bytes"
            f" with blocks of {block}.",
            "take a larger --size or a smaller --block-size",
            str(error),
        ) from None
    target.write_bytes(memory.data)
