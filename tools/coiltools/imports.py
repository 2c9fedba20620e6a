"""What one source file imports and which attributes of its imports it uses, read with `ast`.

Nothing is executed.  `closure.py` decides what the findings mean.
"""

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .report import Fail

#: Exceptions whose handler makes an import optional.
_CATCHES_IMPORT_ERROR = {"ImportError", "Exception", "BaseException"}


@dataclass(eq=False)
class Attempt:
    """A `try` that catches ImportError; its handlers hold the alternatives."""

    line: int


@dataclass(frozen=True)
class Import:
    """One imported module.

    module: dotted name as written, without leading dots; level: number of leading dots.
    names: what `from` takes, ("*",) for a star, None for a plain import.
    bind: local name -> imported name ("" = the module itself).
    tries: the innermost Attempt whose body holds it; instead_of: the one whose handler does.
    whole: the value cannot be followed (`__import__`), so the package is taken whole.
    late: it is inside a function.
    """

    line: int
    module: str
    level: int = 0
    names: tuple[str, ...] | None = None
    bind: tuple[tuple[str, str], ...] = ()
    tries: Attempt | None = None
    instead_of: Attempt | None = None
    whole: bool = False
    late: bool = False


@dataclass
class Source:
    """The findings about one file.

    defined: names that its module level (or a `global` statement) binds.
    table: literal lazy table, public name -> module; None when there is none.
    catch_all: it has a `__getattr__` that is not a literal lazy table.
    chains: (line, local name, attributes) for every `name.a.b` that is read.
    escapes: (line, local name) for every name that is read on its own.
    dynamic: (line, what, prefix) for exec, eval and computed imports.
    limits: the literal LIMITS dictionary, or {}.
    """

    imports: list[Import] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    table: dict[str, str] | None = None
    catch_all: bool = False
    chains: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    escapes: list[tuple[int, str]] = field(default_factory=list)
    dynamic: list[tuple[int, str, str]] = field(default_factory=list)
    limits: dict[str, tuple] = field(default_factory=dict)


@cache
def _parse(file: Path, stamp: tuple[int, int]) -> Source:
    text = file.read_bytes()
    try:
        text.decode()  # whatever a coding line says: a board reads UTF-8 only
        tree = ast.parse(text, str(file))
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise Fail(f"{file}:{line}: not UTF-8", "Save the file as UTF-8.") from error
    except SyntaxError as error:
        raise Fail(
            f"{file}:{error.lineno}: {error.msg}", "Correct the line; nothing was built."
        ) from error
    except ValueError as error:
        raise Fail(f"{file} is not Python source: {error}") from error
    reader = _Reader()
    reader.table(tree)
    reader.visit(tree)
    return reader.found


def read(file: Path | None) -> Source:
    """The findings about `file`; an empty Source for None.  Raises Fail on a syntax error."""
    if file is None:
        return Source()
    stat = file.stat()
    return _parse(file, (stat.st_mtime_ns, stat.st_size))


def _literal_strings(node: ast.expr) -> dict[str, str] | None:
    """The value of a literal {"name": "module"} dictionary, or None for anything else."""
    if not isinstance(node, ast.Dict) or not node.keys:
        return None
    pairs = list(zip(node.keys, node.values, strict=True))
    if all(isinstance(x, ast.Constant) and isinstance(x.value, str) for p in pairs for x in p):
        return {k.value: v.value for k, v in pairs}
    return None


def _prefix(node: ast.expr) -> str:
    """The literal text in front of a computed string, such as "drivers." in f"drivers.{x}"."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and node.values:
        return _prefix(node.values[0])
    if isinstance(node, ast.BinOp):
        return _prefix(node.left).partition("%")[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _prefix(node.func.value).partition("{")[0]
    return ""


class _Reader(ast.NodeVisitor):
    def __init__(self):
        self.found = Source()
        self._depth = 0
        self._tries: Attempt | None = None
        self._instead_of: Attempt | None = None
        self._skip: set[int] = set()

    # -- lazy tables and limits ------------------------------------------------------------

    def table(self, tree: ast.Module):
        """Find `_LAZY = {...}` + `__getattr__`, the form that ADR 0002 defines."""
        literals = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if (strings := _literal_strings(node.value)) is not None:
                    literals[name] = strings
                if name == "LIMITS":
                    self._limits(node)
            if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
                used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                tables = [literals[name] for name in literals if name in used]
                if len(tables) == 1:
                    self.found.table = tables[0]
                    self._skip.add(id(node))
                else:
                    self.found.catch_all = True

    def _limits(self, node: ast.Assign):
        try:
            self.found.limits = dict(ast.literal_eval(node.value))
        except ValueError:
            self.found.limits = {}  # computed: the module's own affair, not a declaration

    # -- imports ---------------------------------------------------------------------------

    def _add(self, line: int, module: str, **more):
        self.found.imports.append(
            Import(
                line,
                module,
                tries=self._tries,
                instead_of=self._instead_of,
                late=self._depth > 0,
                **more,
            )
        )

    def visit_Import(self, node: ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            top = "" if alias.asname or "." not in alias.name else "<top>"
            self._add(node.lineno, alias.name, bind=((bound, top),))
            self._define(bound)

    def visit_ImportFrom(self, node: ast.ImportFrom):
        names = tuple(alias.name for alias in node.names)
        bind = tuple((a.asname or a.name, a.name) for a in node.names if a.name != "*")
        self._add(node.lineno, node.module or "", level=node.level, names=names, bind=bind)
        for bound, _ in bind:
            self._define(bound)

    def visit_Try(self, node: ast.Try):
        caught = {
            n.id
            for h in node.handlers
            for n in ast.walk(h.type or ast.Name("Exception"))
            if isinstance(n, ast.Name)
        }
        outer, outer_instead = self._tries, self._instead_of
        attempt = Attempt(node.lineno) if caught & _CATCHES_IMPORT_ERROR else None
        self._tries = attempt or outer
        for child in node.body:
            self.visit(child)
        self._tries = outer
        self._instead_of = attempt or outer_instead
        for handler in node.handlers:
            self.visit(handler)
        self._instead_of = outer_instead
        for child in (*node.orelse, *node.finalbody):
            self.visit(child)

    def visit_If(self, node: ast.If):
        test = node.test
        name = test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")
        children = node.orelse if name == "TYPE_CHECKING" else (test, *node.body, *node.orelse)
        for child in children:
            self.visit(child)

    # -- names -----------------------------------------------------------------------------

    def _define(self, name: str):
        if self._depth == 0:
            self.found.defined.add(name)

    def _scope(self, node):
        self._define(node.name)
        if id(node) in self._skip:
            return
        for child in node.decorator_list:
            self.visit(child)
        if isinstance(node, ast.ClassDef):
            for child in (*node.bases, *node.keywords):
                self.visit(child)
        else:
            self.visit(node.args)  # MicroPython does not evaluate annotations: visit_arg
        self._depth += 1
        for child in node.body:
            self.visit(child)
        self._depth -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _scope

    def visit_arg(self, node: ast.arg):
        pass

    def visit_AnnAssign(self, node: ast.AnnAssign):
        self.visit(node.target)
        if node.value:
            self.visit(node.value)

    def visit_Global(self, node: ast.Global):
        self.found.defined.update(node.names)

    def visit_Name(self, node: ast.Name):
        if isinstance(node.ctx, ast.Load):
            self.found.escapes.append((node.lineno, node.id))
        else:
            self._define(node.id)

    def visit_Attribute(self, node: ast.Attribute):
        attributes, inner = [], node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self.found.chains.append((node.lineno, inner.id, tuple(attributes)))
        else:
            self.visit(inner)

    # -- what cannot be followed -------------------------------------------------------------

    def visit_Call(self, node: ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = node.args[0] if node.args else None
        if name in ("exec", "eval"):
            self.found.dynamic.append((node.lineno, name, ""))
        elif name == "__import__" and first is not None:
            self._computed_import(node, first)
        elif name in ("getattr", "hasattr") and len(node.args) > 1:
            attribute = node.args[1]
            if isinstance(first, ast.Name) and isinstance(attribute, ast.Constant):
                self.found.chains.append((node.lineno, first.id, (str(attribute.value),)))
                for child in node.args[2:]:
                    self.visit(child)
                return
        self.generic_visit(node)

    def _computed_import(self, node: ast.Call, first: ast.expr):
        level = node.args[4] if len(node.args) > 4 else ast.Constant(0)
        if not isinstance(level, ast.Constant):
            self.found.dynamic.append((node.lineno, "__import__", ""))
        elif isinstance(first, ast.Constant):
            self._add(node.lineno, str(first.value), level=level.value, whole=True)
        else:
            prefix = "." * level.value + _prefix(first)
            self.found.dynamic.append((node.lineno, "__import__", prefix))
