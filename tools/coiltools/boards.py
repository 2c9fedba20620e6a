"""The boards: one folder in `boards/` each, described by its `board.toml`."""

import tomllib
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path

from . import paths
from .report import Fail, unknown


@dataclass(frozen=True)
class Board:
    """What the tools know about a board.

    name: its folder's name; aliases: other names people type.
    cpu: core, for the tables; mpy_arch: mpy-cross' -march= for native code, "" = none.
    toolchain: what its compiler's name begins with, such as "arm-none-eabi-".
    image: what runs, elf: the file with symbols, map: the linker's map; inside the build folder.
    flash_bytes: room for code and constants; ram_bytes: RAM; heap_bytes: about the heap that it
    has unless told otherwise; 0 = no limit.
    emulated: True for QEMU, False for a program of the host.
    builtins: modules that its firmware has in C.  `coil build` checks the list against the
    firmware that it built.
    """

    name: str
    description: str
    cpu: str
    image: str
    elf: str
    map: str
    emulated: bool
    builtins: tuple[str, ...]
    mpy_arch: str = ""
    toolchain: str = ""
    flash_bytes: int = 0
    ram_bytes: int = 0
    heap_bytes: int = 0
    aliases: tuple[str, ...] = ()

    @property
    def compiler(self) -> str:
        return f"{self.toolchain}gcc"

    @property
    def size_tool(self) -> str:
        return f"{self.toolchain}size"

    @property
    def nm_tool(self) -> str:
        return f"{self.toolchain}nm"

    @property
    def folder(self) -> Path:
        return paths.BOARDS / self.name


def load(folder: Path) -> Board:
    """The board described by `folder`/board.toml.  Raises Fail when the file is not valid."""
    file = folder / "board.toml"
    try:
        values = tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise Fail(f"{file}: {error}", "Correct the file.") from error
    known = {field.name: field for field in fields(Board) if field.name != "name"}
    for key, value in values.items():
        if key not in known:
            raise unknown(f"key in {file}:", key, known)
        expected = known[key].type
        listed = expected == tuple[str, ...]
        if listed and isinstance(value, list) and all(isinstance(v, str) for v in value):
            values[key] = tuple(value)
        elif listed or type(value) is not expected:
            wanted = "a list of strings" if listed else expected.__name__
            raise Fail(f"{file}: '{key}' must be {wanted}, not {value!r}")
    missing = [k for k, f in known.items() if f.default is MISSING and k not in values]
    if missing:
        raise Fail(f"{file}: no value for {', '.join(missing)}")
    return Board(name=folder.name, **values)


@cache
def all_boards() -> dict[str, Board]:
    """Every board by name."""
    folders = sorted(file.parent for file in paths.BOARDS.glob("*/board.toml"))
    return {folder.name: load(folder) for folder in folders}


def get(name: str) -> Board:
    """The board called `name` or one of its aliases.  Raises Fail with the closest match."""
    boards = all_boards()
    if name in boards:
        return boards[name]
    for board in boards.values():
        if name in board.aliases:
            return board
    raise unknown("board", name, [*boards, *(a for b in boards.values() for a in b.aliases)])
