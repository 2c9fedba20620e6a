"""The import closure: the modules that an application's imports reach, and why.

The rules are in docs/adr/0002-import-closure.md.  The result is never smaller than what the
program can import by the statements that the rules cover; where a statement cannot be followed
(star import, a package used as a value, exec) the whole package is taken and the reason says so.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import imports
from .imports import Attempt, Import, Source
from .report import Fail
from .roots import Found, Roots


@dataclass(frozen=True)
class Module:
    """One module of a firmware.

    why: the statement that pulled it in, such as "app.py:3 import asyncio".
    whole: it is here because a whole package had to be taken.
    """

    name: str
    file: Path
    target: str
    kind: str
    why: str
    whole: bool


@dataclass
class Closure:
    """modules: in the order they were reached; absent: optional imports that nothing provides;
    excluded: modules left out on request; limits: name -> declaration, see `limits`."""

    modules: list[Module] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    limits: dict[str, tuple] = field(default_factory=dict)


def compute(
    roots: Roots,
    builtins: Iterable[str],
    start: dict[str, str],
    whole: dict[str, str] | None = None,
    exclude: Iterable[str] = (),
) -> Closure:
    """The closure of the modules in `start`.

    builtins: modules that the board has in C.
    start, whole: module or package name -> why; of `whole`, all submodules are taken too.
    exclude: modules and packages that are left out although they are imported.
    Raises Fail, naming file and line, for an import that nothing provides.
    """
    return _Walk(roots, frozenset(builtins), tuple(exclude)).run(start, whole or {})


class _Walk:
    def __init__(self, roots: Roots, builtins: frozenset[str], exclude: tuple[str, ...]):
        self.roots = roots
        self.builtins = builtins
        self.exclude = exclude
        self.reached: dict[str, tuple[Found, str, bool]] = {}
        self.bindings: dict[str, dict[str, set[str]]] = {}
        self.absent: dict[str, None] = {}
        self.excluded: dict[str, None] = {}
        self.outcome: dict[Attempt, str] = {}
        self._whole: set[str] = set()
        self._size = 0

    def run(self, start: dict[str, str], whole: dict[str, str]) -> Closure:
        for name, why in start.items():
            found = self.roots.find(name)
            if found is None:
                raise self.unresolved(name, why)
            # A board's own module may extend a built-in one of the same name.
            self.reached[name] = (found, why, False)
        for name, why in whole.items():
            if not self.reach(name, why):
                raise self.unresolved(name, why)
            self.take_whole(name, why, forced=False)
        # A module may use a name that a later one binds, so scan until nothing is new.
        before = -1
        while before != self._size:
            before = self._size
            for name in list(self.reached):
                self.scan(name)
        result = Closure(absent=list(self.absent), excluded=list(self.excluded))
        for found, why, in_whole in self.reached.values():
            if found.file is not None:
                result.modules.append(
                    Module(found.name, found.file, found.target, found.kind, why, in_whole)
                )
                result.limits.update(imports.read(found.file).limits)
        return result

    # -- reaching modules ------------------------------------------------------------------

    def is_builtin(self, name: str) -> bool:
        """Also under the name with a u in front, by which Python that extends it finds it."""
        return name in self.builtins or (name[:1] == "u" and name[1:] in self.builtins)

    def is_excluded(self, name: str) -> bool:
        return any(name == e or name.startswith(e + ".") for e in self.exclude)

    def reach(self, name: str, why: str, whole: bool = False) -> bool:
        """Put `name` and the packages around it in.  False if nothing provides it."""
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            part = ".".join(parts[:end])
            if self.is_excluded(part):
                self.excluded[part] = None
                return True
            if part in self.reached or self.is_builtin(part):
                continue
            found = self.roots.find(part)
            if found is None:
                return False
            self.reached[part] = (found, why, whole)
            self._size += 1
        return True

    def take_whole(self, name: str, why: str, forced: bool = True):
        """Take every submodule of a package and every target of a lazy table.

        forced: because a statement cannot be followed, not because the user asked for it.
        """
        if name in self._whole or name not in self.reached:
            return
        self._whole.add(name)
        self._size += 1
        if self.reached[name][0].package:
            for child in self.roots.below(name):
                self.reach(child, why, forced)
        for public, value in (self.source(name).table or {}).items():
            self.reach_table(name, public, value, why, forced)

    def is_packagelike(self, name: str) -> bool:
        return name in self.reached and (
            self.reached[name][0].package or self.source(name).table is not None
        )

    def source(self, name: str) -> Source:
        return imports.read(self.reached[name][0].file) if name in self.reached else Source()

    def place(self, name: str, line: int) -> str:
        return f"{self.reached[name][0].target}:{line}"

    # -- one module ------------------------------------------------------------------------

    def scan(self, name: str):
        source = self.source(name)
        for statement in source.imports:
            self.follow(name, statement)
        bound = self.bindings.get(name, {})
        for line, local, attributes in source.chains:
            self.walk(
                bound.get(local, set()),
                attributes,
                f"{self.place(name, line)} {'.'.join((local, *attributes))}",
            )
        for line, local in source.escapes:
            for module in sorted(bound.get(local, ())):
                if self.is_packagelike(module):
                    self.take_whole(module, f"{self.place(name, line)} {local} used as a value")
        # Boot code imports what there is, whatever that may be; one of its packages says which.
        board = self.reached[name][0].kind == "board"
        for line, what, prefix in source.dynamic:
            if board and not prefix.strip(".").rpartition(".")[0]:
                continue
            self.dynamic(name, f"{self.place(name, line)} {what}", what, prefix)

    def absolute(self, importer: str, statement: Import) -> str:
        if statement.level == 0:
            return statement.module
        found = self.reached[importer][0]
        package = importer.split(".") if found.package else importer.split(".")[:-1]
        cut = len(package) - (statement.level - 1)
        if cut <= 0:
            raise Fail(
                f"{found.file}:{statement.line}: a relative import above the top-level package",
                "Import the module by its full name.",
            )
        return ".".join(filter(None, [*package[:cut], statement.module]))

    def follow(self, importer: str, statement: Import):
        if statement.whole and self.reached[importer][0].kind == "board":
            return  # the boot modules start what others freeze
        name = self.absolute(importer, statement)
        words = "import" if statement.names is None else f"from {name} import"
        listed = name if statement.names is None else ", ".join(statement.names)
        why = f"{self.place(importer, statement.line)} {words} {listed}"
        alternative = statement.instead_of
        if alternative and self.outcome.get(alternative) == "found":
            return
        # Code that is not ours may hold functions for what this board does not have.
        foreign = statement.late and self.reached[importer][0].kind in ("micropython", "package")
        maybe = alternative and self.outcome.get(alternative) == "maybe"
        optional = statement.tries or maybe or foreign
        missing = self.resolve(importer, name, statement, why)
        if missing is None:
            if statement.tries:
                builtin = self.is_builtin(name) and statement.names is not None
                self.note(statement.tries, "maybe" if builtin else "found")
        elif optional:
            self.absent[f"{missing} ({why})"] = None
            if statement.tries:
                self.note(statement.tries, "absent")
        else:
            raise self.unresolved(missing, why, self.reached[importer][0].file, statement.line)

    def note(self, attempt: Attempt, outcome: str):
        """Remember the worst outcome of the imports in one `try` body."""
        order = ("found", "maybe", "absent")
        self.outcome[attempt] = max(outcome, self.outcome.get(attempt, "found"), key=order.index)

    def resolve(self, importer: str, name: str, statement: Import, why: str) -> str | None:
        """Reach what a statement names and bind its names.  Returns what is missing."""
        if not self.reach(name, why):
            return name
        if statement.names is None:
            for local, imported in statement.bind:
                self.bind(importer, local, {name.partition(".")[0] if imported else name})
            if statement.whole:
                self.take_whole(name, f"{why} (__import__)")
        elif statement.names == ("*",):
            if self.is_packagelike(name):
                self.take_whole(name, f"{why} (star import)")
            for local, modules in list(self.bindings.get(name, {}).items()):
                self.bind(importer, local, modules)
        else:
            for local, attribute in statement.bind:
                modules, known = self.attribute(name, attribute, why)
                if not known:
                    return f"{name}.{attribute}"
                self.bind(importer, local, modules)
        return None

    def bind(self, module: str, local: str, values: set[str]):
        known = self.bindings.setdefault(module, {}).setdefault(local, set())
        self._size += len(values - known)
        known |= values

    # -- attributes ------------------------------------------------------------------------

    def walk(self, modules: set[str], attributes: tuple[str, ...], why: str):
        """Follow `a.b.c` from the modules that `a` may be."""
        for attribute in attributes:
            modules = set().union(*(self.attribute(m, attribute, why)[0] for m in modules))
            if not modules:
                return
        for module in sorted(modules):
            if self.is_packagelike(module):
                self.take_whole(module, f"{why} used as a value")

    def attribute(self, module: str, name: str, why: str, seen=()) -> tuple[set[str], bool]:
        """What `module.name` may be: the modules among its values, and whether it exists."""
        if module not in self.reached or module in seen:
            return set(), module not in self.reached
        source = self.source(module)
        values = set(self.bindings.get(module, {}).get(name, ()))
        known = name in source.defined or bool(values)
        if source.table and name in source.table:
            values |= self.reach_table(module, name, source.table[name], why)
            known = True
        if self.reached[module][0].package and self.roots.find(f"{module}.{name}"):
            self.reach(f"{module}.{name}", why)
            values.add(f"{module}.{name}")
            known = True
        for statement in source.imports:
            if statement.names == ("*",) and not known:
                target = self.absolute(module, statement)
                more, known = self.attribute(target, name, why, (*seen, module))
                values |= more
        if not known and source.catch_all:
            self.take_whole(module, f"{why} (computed __getattr__)")
            known = True
        return values, known or name.startswith("__") or bool(source.dynamic)

    def reach_table(
        self, module: str, name: str, value: str, why: str, whole: bool = False
    ) -> set[str]:
        """Reach the module that a lazy table names for `name`, through further tables."""
        inside = f"{module}.{value}"
        package = self.reached[module][0].package
        target = inside if package and self.roots.find(inside) else value
        if not self.reach(target, why, whole):
            file = self.reached[module][0].file
            raise self.unresolved(target, why, file, 1)
        values, known = self.attribute(target, name, why)
        if not known:
            raise Fail(
                f"{self.reached[module][0].file}: the lazy table says that '{name}' is in "
                f"'{target}', which does not define it",
                "Correct the table.",
            )
        return values

    # -- what cannot be followed -----------------------------------------------------------

    def dynamic(self, module: str, why: str, what: str, prefix: str):
        if what == "__import__" and prefix:
            level = len(prefix) - len(prefix.lstrip("."))
            package = prefix.lstrip(".").rpartition(".")[0]
            if level:
                package = self.absolute(module, Import(0, package, level))
            if package and self.reach(package, why):
                self.take_whole(package, why)
                return
        if what == "__import__":
            for child in list(self.roots.below("")):
                self.reach(child, why, whole=True)
            return
        for modules in list(self.bindings.get(module, {}).values()):
            for used in sorted(modules):
                if self.is_packagelike(used):
                    self.take_whole(used, why)
        if own := module if self.is_packagelike(module) else module.rpartition(".")[0]:
            self.take_whole(own, why)

    # -- failures --------------------------------------------------------------------------

    def unresolved(self, name: str, why: str, file: Path | None = None, line: int = 0) -> Fail:
        parent, _, leaf = name.rpartition(".")
        if parent and parent in self.reached:
            source = self.source(parent)
            near = {*source.defined, *(source.table or ())}
            near.update(child.rpartition(".")[2] for child in self.roots.children(parent))
            message = f"nothing called '{leaf}' in '{parent}'"
        else:
            near = {*self.builtins, *self.roots.children("")}
            leaf = name.partition(".")[0]
            message = f"no module '{name}' for this board"
        close = difflib.get_close_matches(leaf, sorted(n for n in near if n[:1] != "_"), 1, 0.6)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        where = f"{file}:{line}: " if file else ""
        return Fail(
            f"{where}{message}{hint} ({why})",
            "Correct the name, add the package to [packages] in coil.toml, or import it inside "
            "try/except ImportError if the program can do without it.",
        )
