"""Images of file systems and stores on the host: `coil fs`.

Every kind of image has a module with `detect(data)`, a class that reads it and
`build(items, medium, target)`.  What comes out of an image may be damaged or hostile: it leads
to Fail and nothing else.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..report import Fail
from . import fat, kv, lfs, records, source
from .image import Damaged, Image, mapped

_KINDS = {  # in the order of looking: a file system may have an image of a store in a file
    "littlefs": (lfs, lfs.LfsImage),
    "fat": (fat, fat.FatImage),
    "kv": (kv, kv.KvImage),
    "records": (records, records.RecordsImage),
}
KINDS = tuple(_KINDS)
#: Those that build() makes.
MADE = ("littlefs", "fat", "kv")


@contextlib.contextmanager
def opened(path: Path, kind: str | None = None, block_size: int | None = None) -> Iterator[Image]:
    """An image file, open for reading.

    kind: one of KINDS; None = what it looks like.  block_size: None = what the image says.
    Raises Fail when it is none of that kind.
    """
    with mapped(path) as data:
        yield _reader(path, data, kind, block_size)


def _reader(path: Path, data, kind: str | None, block_size: int | None) -> Image:
    if kind is None:
        kind = next((name for name, (module, _) in _KINDS.items() if module.detect(data)), None)
    if kind is None:
        if data[:] in (b"\0" * len(data), b"\xff" * len(data)):
            raise Damaged(f"{path} is blank.", "coil fs build makes an image")
        raise Damaged(
            f"{path} is no image that is known here: {', '.join(KINDS)}.",
            "give its --kind if you know it; its head may be damaged",
        )
    if kind == "fat":
        return fat.FatImage(path, data)
    return _KINDS[kind][1](path, data, block_size)


def build(source_path: Path, target: Path, kind: str, medium: source.Medium):
    """Make an image of a folder or JSON file; see docs/fs.md.  Raises Fail when it cannot be."""
    if target.is_dir():
        raise Fail(f"{target} is a folder.", "name the image file to write")
    _KINDS[kind][0].build(source.load(source_path), medium, target)
