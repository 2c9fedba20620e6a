"""Child process of lfs.py: reads a littlefs image, however damaged, and prints all that is in it.

    python -m coiltools.storage.lfsread IMAGE BLOCK_SIZE BLOCK_COUNT

Prints, for each file and folder, a line of JSON and behind it the contents; at the end a line without
"path".  Names have one character for each byte.
"""

import json
import sys

from littlefs import LittleFS, errors

_DEPTH_MAX = 64
#: The smallest entry of a folder: a tag and a byte of name.
_ENTRY_BYTES = 5


class _Endless(Exception):
    pass


class _Medium:
    def __init__(self, data: bytes, block: int):
        self._data = data
        self._block = block

    def read(self, cfg, block, off, size):
        at = block * self._block + off
        return self._data[at : at + size].ljust(size, b"\xff")

    def _refuse(self, *arguments):
        raise OSError("the image is read-only")

    prog = erase = _refuse

    def sync(self, cfg):
        return 0


class _Walk:
    def __init__(self, fs: LittleFS, size: int, out):
        self._fs = fs
        self._out = out
        self._bytes_left = size
        self._entries_left = size // _ENTRY_BYTES

    def folder(self, path: str, depth: int):
        if depth > _DEPTH_MAX:
            raise _Endless
        for entry in self._fs.scandir(path or "/"):
            self._entries_left -= 1
            if not self._entries_left:
                raise _Endless
            below = path + entry.name
            if entry.type == 2:
                self._tell(below + "/", 0)
                try:
                    self.folder(below + "/", depth + 1)
                except errors.LittleFSError as error:
                    self._tell(below + "/", 0, _said(error))
            else:
                self._file(below, entry.size)

    def _file(self, path: str, size: int):
        if size > self._bytes_left:
            self._tell(path, size, "it claims to be larger than what is left of the image")
            return
        try:
            with self._fs.open(path, "rb") as file:
                data = file.read()
        except (errors.LittleFSError, OSError) as error:
            self._tell(path, size, _said(error))
            return
        self._bytes_left -= len(data)
        short = "" if len(data) == size else f"it ends after {len(data)} bytes"
        self._tell(path, size, short, data)

    def _tell(self, path: str, size: int, error: str = "", data: bytes = b""):
        line = {"path": path, "size": size, "error": error, "bytes": len(data)}
        self._out.write(json.dumps(line).encode() + b"\n" + data)


def _said(error: Exception) -> str:
    """littlefs' error in a few words."""
    if getattr(error, "code", 0) == errors.LittleFSError.Error.LFS_ERR_CORRUPT:
        return "its blocks do not hold what they should"
    return f"littlefs: {error}"


def main(path: str, block: int, count: int):
    with open(path, "rb") as file:
        data = file.read(block * count)
    # A large cache: fewer calls of Python; what is read does not depend on it.
    fs = LittleFS(
        _Medium(data, block),
        mount=False,
        filename_encoding="latin-1",
        block_size=block,
        block_count=count,
        read_size=16,
        prog_size=16,
        cache_size=block,
    )
    out = sys.stdout.buffer
    said = ""
    try:
        fs.mount()
        fs.fs_stat()
        _ = fs.used_block_count
        _Walk(fs, len(data), out).folder("", 0)
    except _Endless:
        said = "its folders do not end"
    except errors.LittleFSError as error:
        said = _said(error)
    out.write(json.dumps({"error": said}).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
