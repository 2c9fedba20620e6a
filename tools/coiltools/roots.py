"""Where the Python modules of a firmware come from: folders searched in order, by module name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: The names of modules that hold native, viper or assembler code.
_FAST = re.compile(r"_fast\w*|_\w+fast")


@dataclass(frozen=True)
class Root:
    """A folder of Python modules.

    path: the folder that would be on `sys.path`.
    kind: what the tables call it: "application", "package", "os", "micropython" or "board".
    only: the top-level names it serves; empty = every module in the folder.
    without: dotted names it does not serve although the files are there.
    """

    path: Path
    kind: str
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def serves(self, name: str) -> bool:
        return (not self.only or name.partition(".")[0] in self.only) and name not in self.without


@dataclass(frozen=True)
class Found:
    """A module's place: `file` is None for a package folder without `__init__.py`."""

    name: str
    file: Path | None
    package: bool
    kind: str

    @property
    def target(self) -> str:
        """The path the module is frozen under, such as `rtos/thread.py`."""
        stem = self.name.replace(".", "/")
        return f"{stem}/__init__.py" if self.package else f"{stem}.py"


class Roots:
    """Looks modules up in a list of roots, first match wins, as `sys.path` does.

    aliases: module name -> file, for modules that do not lie under their own name (an
    application's main file is always frozen as `app`).
    native: the board executes native code. On others modules called `_fast…` or `_…fast` are absent, and the
    twin that an `except ImportError` names takes their place.
    """

    def __init__(
        self,
        roots: Iterable[Root],
        aliases: dict[str, tuple[Path, str]] | None = None,
        native: bool = True,
    ):
        self.roots = list(roots)
        self.native = native
        self._aliases = aliases or {}
        self._found: dict[str, Found | None] = {}

    def find(self, name: str) -> Found | None:
        """The module called `name` (dotted), or None."""
        if name not in self._found:
            self._found[name] = self._search(name)
        return self._found[name]

    def _search(self, name: str) -> Found | None:
        if name in self._aliases:
            file, kind = self._aliases[name]
            return Found(name, file, False, kind)
        if not self.native and _FAST.fullmatch(name.rpartition(".")[2]):
            return None
        stem = Path(*name.split("."))
        for root in self.roots:
            if not root.serves(name):
                continue
            folder = root.path / stem
            if (folder / "__init__.py").is_file():
                return Found(name, folder / "__init__.py", True, root.kind)
            if (file := root.path / stem.with_suffix(".py")).is_file():
                return Found(name, file, False, root.kind)
            if folder.is_dir() and any(folder.glob("*.py")):
                return Found(name, None, True, root.kind)
        return None

    def children(self, name: str) -> Iterator[str]:
        """The dotted names directly inside package `name` ("" = the top level)."""
        seen = set()
        for root in self.roots:
            folder = root.path / Path(*name.split(".")) if name else root.path
            for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
                stem = entry.stem if entry.suffix == ".py" else entry.name
                child = f"{name}.{stem}" if name else stem
                if stem == "__init__" or not stem.isidentifier() or child in seen:
                    continue
                if root.serves(child) and self.find(child):
                    seen.add(child)
                    yield child

    def below(self, name: str) -> Iterator[str]:
        """All modules inside package `name`, at any depth, tests and private ones left out."""
        for child in self.children(name):
            leaf = child.rpartition(".")[2]
            private = name and leaf.startswith("_")
            if leaf != "tests" and not leaf.startswith("test_") and not private:
                yield child
                yield from self.below(child)
