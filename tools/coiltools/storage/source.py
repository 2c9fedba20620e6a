"""What images are made of: a folder, or a JSON file with names and contents."""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..report import Fail

_FORMS = 'a text, or {"text": …}, {"hex": …}, {"base64": …}, with "write_once": true or false'


@dataclass(frozen=True)
class Item:
    """One file, folder or key to put in.

    path: with "/" between the parts.  data: None for a folder.
    mtime_ns: since 1970, 0 = unknown.  write_once: for keys.
    """

    path: str
    data: bytes | None
    mtime_ns: int = 0
    write_once: bool = False


@dataclass(frozen=True)
class Medium:
    """What an image is made for.

    block_size, program_size: bytes, None = the usual one.  erase_value: of an erased byte.
    """

    size: int
    block_size: int | None = None
    program_size: int | None = None
    erase_value: int = 0xFF


def load(source: Path) -> list[Item]:
    """The items of a folder or JSON file, by path, each folder in front of what is in it."""
    if source.is_dir():
        return sorted(_folder(source), key=lambda item: item.path)
    if not source.is_file():
        raise Fail(
            f"{source} is not there.", "name a folder, or a JSON file of names and contents"
        )
    return sorted(_json(source), key=lambda item: item.path)


def _folder(root: Path):
    for place, folders, files in os.walk(root):
        here = Path(place)
        for name in folders + files:
            path = here / name
            relative = path.relative_to(root).as_posix()
            stamp = path.stat().st_mtime_ns
            if path.is_dir() and not path.is_symlink():
                yield Item(relative, None, stamp)
            elif path.is_file():
                yield Item(relative, path.read_bytes(), stamp)
            else:
                raise Fail(
                    f"{path} is neither a file nor a folder.",
                    "images hold nothing else; remove it",
                )


def _json(file: Path):
    try:
        found = json.loads(file.read_text())
    except (ValueError, RecursionError) as error:
        raise Fail(f"{file} is no JSON: {error}.", "name a folder or a JSON file") from None
    if not isinstance(found, dict):
        raise Fail(f"{file} holds no names.", f'write {{"name": contents}}; contents: {_FORMS}')
    folders = set()
    for name, value in found.items():
        once = False
        if isinstance(value, dict):
            value = dict(value)
            once = value.pop("write_once", False)
        try:
            data = _contents(value)
            if not isinstance(once, bool):
                raise ValueError
        except (ValueError, TypeError, binascii.Error):
            raise Fail(f"{file}: '{name}' has no contents.", f"contents are {_FORMS}") from None
        for at, character in enumerate(name):
            if character == "/" and name[:at] not in folders:
                folders.add(name[:at])
                yield Item(name[:at], None)
        yield Item(name, data, write_once=once)


def _contents(value) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError
    form, text = next(iter(value.items()))
    if form == "text":
        return text.encode()
    if form == "hex":
        return bytes.fromhex(text)
    if form == "base64":
        return base64.b64decode(text, validate=True)
    raise ValueError


def checked(items: list[Item], *, name_max: int, forbidden: str = "") -> list[Item]:
    """The items, when a file system can hold their names; else Fail.

    name_max: bytes of one part.  forbidden: characters.
    """
    for item in items:
        for part in item.path.split("/"):
            if part in ("", ".", "..") or "\0" in part:
                raise Fail(f"'{item.path}' is no path of a file.", "rename it")
            if len(part.encode(errors="surrogateescape")) > name_max:
                raise Fail(f"'{item.path}': a name may have {name_max} bytes.", "shorten it")
            for character in forbidden:
                if character in part:
                    raise Fail(f"'{item.path}': a name may not have '{character}'.", "rename it")
    return items
