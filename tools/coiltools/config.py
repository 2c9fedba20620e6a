"""`coil.toml`: what an application asks for, and who set each value.

Later sources win: the default, [app] or [limits], [board.<name>], `--set` on the command line.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import boards
from .report import Fail, unknown

FILE = "coil.toml"
SECTIONS = ("app", "limits", "board", "packages")


@dataclass(frozen=True)
class Key:
    """A key of [app]: how to check it and what it means."""

    default: Any
    check: Callable[[Any], Any]
    wants: str
    help: str


@dataclass(frozen=True)
class Limit:
    """A number that a package lets the application choose; see `LIMITS` in ADR 0002."""

    default: int
    low: int
    high: int
    help: str


@dataclass(frozen=True)
class Value:
    """A value and who set it: "default", "coil.toml line 3", "--set"."""

    value: Any
    origin: str


def size(text: Any) -> int:
    """Bytes of "90K", "1M" or a plain number.  Raises ValueError for anything else."""
    if type(text) is int and text >= 0:
        return text
    match = re.fullmatch(r"(\d+)\s*([KM]?)B?", text, re.I) if isinstance(text, str) else None
    if not match:
        raise ValueError
    return int(match[1]) << {"": 0, "K": 10, "M": 20}[match[2].upper()]


#: What may be called a distribution: nothing that pip takes for an option or a path.
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", re.ASCII)
#: A smaller heap does not get a firmware to its prompt.
HEAP_MIN = 16 << 10


def _heap(text: Any) -> int:
    bytes_ = size(text)
    if 0 < bytes_ < HEAP_MIN:
        raise ValueError
    return bytes_


def _typed(kind: type) -> Callable[[Any], Any]:
    def check(value):
        if type(value) is not kind:
            raise ValueError
        return value

    return check


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise ValueError
    return tuple(value)


def _between(low: int, high: int) -> Callable[[Any], int]:
    def check(value):
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return check


def _source(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_]\w*\.py", value):
        raise ValueError
    return value


#: The keys of [app] and [board.<name>].
KEYS = {
    "name": Key("", _typed(str), "a string", "what the application is called"),
    "version": Key("0.1.0", _typed(str), "a string", "its version"),
    "main": Key("app.py", _source, 'a file name such as "app.py"', "what runs after boot"),
    "include": Key((), _strings, "a list of module names", "taken although nothing imports it"),
    "exclude": Key((), _strings, "a list of module names", "left out although imported"),
    "opt": Key(0, _between(0, 3), "0, 1, 2 or 3", "1: no asserts, 3: no line numbers either"),
    "heap": Key(
        0, _heap, 'a size such as "90K", at least "16K", or 0', "heap in bytes, 0 = all there is"
    ),
    "native": Key(True, _typed(bool), "true or false", "with the C module in boards/native"),
}


@dataclass
class Config:
    """The settings of one application on one board.

    folder: the application's folder, or None for the firmware without one.
    app, limits: name -> Value.  packages: distribution name -> its (version, SHA-256 or "").
    """

    folder: Path | None
    board: str
    app: dict[str, Value] = field(default_factory=dict)
    limits: dict[str, Value] = field(default_factory=dict)
    packages: dict[str, Value] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.app[key].value


class _Reader:
    """Puts the values of one coil.toml over the defaults; failures name file and line."""

    def __init__(self, config: Config, limits: Mapping[str, Limit]):
        self.config = config
        self.known = limits
        self.file: Path | None = None
        self.lines: dict[tuple[str, ...], int] = {}

    def read(self, file: Path) -> None:
        self.file = file
        try:
            text = file.read_text("utf-8-sig")  # some editors put a mark in front
            values = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = file.read_bytes()[: error.start].count(b"\n") + 1
            raise Fail(f"{file}:{line}: not UTF-8", "Save the file as UTF-8.") from error
        except tomllib.TOMLDecodeError as error:
            raise Fail(f"{file}: {error}", "Correct the line.") from error
        self.lines = _lines(text)
        for section in values:
            if section not in SECTIONS:
                raise self.no("section", (section,), section, SECTIONS)
            if not isinstance(values[section], dict):
                raise self.wrong((section,), values[section], f"a section [{section}]")
        for name in ("app", "limits"):
            for key, value in values.get(name, {}).items():
                self.put((name, key), name, value)
        for board, overrides in values.get("board", {}).items():
            known = boards.all_boards()
            if board not in known:
                raise self.no("board", ("board", board), board, known)
            if not isinstance(overrides, dict):
                raise self.wrong(("board", board), overrides, f"a section [board.{board}]")
            for key, value in overrides.items():
                # Checked for every board, so that a slip shows before that board is built.
                self.put(("board", board, key), None, value, board == self.config.board)
        for name, value in values.get("packages", {}).items():
            self.package(name, value)

    def put(self, path: tuple[str, ...], section: str | None, value: Any, apply: bool = True):
        key = path[-1]
        if key in KEYS and section in (None, "app"):
            try:
                value, target = KEYS[key].check(value), self.config.app
            except ValueError:
                raise self.wrong(path, value, KEYS[key].wants) from None
        elif key in self.known and section in (None, "limits"):
            limit, target = self.known[key], self.config.limits
            if type(value) is not int or not limit.low <= value <= limit.high:
                raise self.wrong(path, value, f"a number from {limit.low} to {limit.high}")
        else:
            known = {"app": KEYS, "limits": self.known, None: {**KEYS, **self.known}}[section]
            raise self.no("key", path, key, known)
        board = boards.get(path[1] if path[0] == "board" else self.config.board)
        if key == "heap" and board.ram_bytes and value > board.ram_bytes:
            raise self.wrong(path, value, f"at most the {board.ram_bytes} bytes of {board.name}")
        if apply:
            target[key] = Value(value, self.origin(path))

    def package(self, name: str, value: Any):
        if not _DISTRIBUTION.fullmatch(name):
            raise self.wrong(("packages", name), name, "the name of a package of PyPI")
        table = value if isinstance(value, dict) else {"version": value}
        version, digest = table.get("version"), table.get("sha256", "")
        exact = isinstance(version, str) and re.fullmatch(r"==\s*([\w.!+-]+)", version)
        if not exact or not isinstance(digest, str) or set(table) - {"version", "sha256"}:
            raise self.wrong(
                ("packages", name),
                value,
                'an exact version such as "==1.2", or { version = "==1.2", sha256 = "..." }',
            )
        self.config.packages[name] = Value((exact[1], digest), self.origin(("packages", name)))

    def origin(self, path: tuple[str, ...]) -> str:
        if self.file is None:
            return "--set on the command line"
        section = f" [{'.'.join(path[:-1])}]" if path[0] == "board" else ""
        return f"{FILE}{section} line {self.line(path)}"

    def line(self, path: tuple[str, ...]) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: tuple[str, ...]) -> str:
        return f"{self.file}:{self.line(path)}" if self.file else f"--set {'.'.join(path)}"

    def no(self, kind: str, path: tuple[str, ...], name: str, known) -> Fail:
        failure = unknown(kind, name, known)
        return Fail(f"{self.where(path)}: {failure.message}", f"Correct or remove '{name}'.")

    def wrong(self, path: tuple[str, ...], value: Any, wants: str) -> Fail:
        return Fail(
            f"{self.where(path)}: '{path[-1]}' must be {wants}, not {value!r}",
            f"Set {path[-1]} to {wants}.",
        )


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of every section and key; tomllib does not tell."""
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            section = tuple(part.strip(" \"'") for part in match[1].split("."))
            found.setdefault(section, number)
        elif match := re.match(r"\s*(\"[^\"]+\"|'[^']+'|[\w.-]+)\s*=", line):
            name = match[1]
            parts = (name[1:-1],) if name[0] in "\"'" else tuple(name.split("."))
            for end in range(1, len(parts) + 1):
                found.setdefault((*section, *parts[:end]), number)
    return found


def load(
    folder: Path | None,
    board: str,
    *,
    limits: Mapping[str, Limit] | None = None,
    overrides: tuple[str, ...] = (),
) -> Config:
    """The settings of the application in `folder` (None: defaults only) for `board`.

    limits: what the packages and the application declare, name -> Limit.
    overrides: "app.opt=3", "limits.samples=20": TOML values; a bare word counts as a string.
    Raises Fail for anything unknown or of the wrong type.
    """
    limits = limits or {}
    config = Config(folder, board)
    config.app = {name: Value(key.default, "default") for name, key in KEYS.items()}
    config.limits = {name: Value(limit.default, "default") for name, limit in limits.items()}
    if folder is not None:
        config.app["name"] = Value(folder.resolve().name, "the folder's name")
    reader = _Reader(config, limits)
    if folder is not None and (folder / FILE).is_file():
        reader.read(folder / FILE)
    reader.file = None
    for override in overrides:
        path, equals, text = override.partition("=")
        section, _, key = path.strip().partition(".")
        if not equals or section not in ("app", "limits") or not key:
            raise Fail(f"--set {override}: not understood", "Write it as --set app.opt=3.")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        reader.put((section, key), section, value)
    return config
