"""Tests of packages in os/ that run unchanged on CPython and on boards.

`<package>/cases/*.py` have plain test_…() functions with asserts and know nothing of pytest. All
functions of a file run in one interpreter, on each of PLATFORMS: one start a file and platform. The
core is reset before each function; what `support.py` here and in the package's folder offers is
imported with `from support import …`. On CPython the modules in `cpython/` here and in the package's
folder stand in for MicroPython's, and a package in _WITH_BOARD finds the modules of board host.
A file that begins with a line `# platforms: host-stock host-native` runs on these only. One with a
line `# uses: conformance/blockdevice.py` finds what that file of tests/ offers in `support`, too.
`# soak: test_a test_b` names those that do more when `support.SOAK` is True; a line
`figure seed 4711` that one prints gets into docs/soak.md then.
"""

import ast
import base64
import io
import os
import re
import subprocess
import sys
import tokenize
import zlib
from pathlib import Path

import pytest
from coiltools import boardtest, firmware, launch, paths, runningboard
from coiltools.rawrepl import BoardError

HERE = Path(__file__).parent
CPYTHON = "cpython"
#: Those that are there for every file; mps2-stock and mps2-native are for a line `# platforms:`.
PLATFORMS = (CPYTHON, "host-stock", "host-native")
#: Packages that need a board's modules, on CPython too.
_WITH_BOARD = {"drivers", "fs", "sim"}
_SOAK = bool(os.environ.get("COIL_SOAK"))
_TIMEOUT_S = 7200 if _SOAK else 600
_MARK = re.compile(r"^\x1e(start|pass|fail|end) (\S+)\n", re.MULTILINE)
_CHOICE = re.compile(r"^# platforms: (.*)$", re.MULTILINE)
_USES = re.compile(r"^# uses: (.*)$", re.MULTILINE)
_SOAKS = re.compile(r"^# soak: (.*)$", re.MULTILINE)
_FIGURE = re.compile(r"^figure (\S+) (.*)$", re.MULTILINE)
_PORT = re.compile(r"^# port: (\w+)$", re.MULTILINE)


def pytest_collect_file(file_path, parent):
    # One that is named on the command line pytest takes for a module of its own, see below.
    if _is_case(file_path) and not parent.session.isinitpath(file_path):
        return CaseFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path, parent):
    return CaseFile.from_parent(parent, path=module_path) if _is_case(module_path) else None


def _is_case(path: Path) -> bool:
    package = path.parent.parent
    return path.suffix == ".py" and path.parent.name == "cases" and package.parent == HERE


class CaseFile(pytest.File):
    """A file of cases/, its functions once for each platform."""

    def collect(self):
        text = self.path.read_text()
        choice = _CHOICE.search(text)
        names = boardtest._tests(self.path)
        soak = found[1].split() if (found := _SOAKS.search(text)) else []
        if unknown := set(soak).difference(names):
            raise self.CollectError(f"{self.path}: no {', '.join(unknown)}, named by # soak")
        for platform in choice[1].split() if choice else PLATFORMS:
            for name in names:
                case = Case.from_parent(
                    self, name=f"{name}[{platform}]", case=name, platform=platform
                )
                if name in soak:
                    case.add_marker("soak")
                yield case

    def results(self, platform: str) -> dict[str, tuple[bool, str]]:
        """Name -> whether it passed, and what it printed; of all functions, run together."""
        cached = self.__dict__.setdefault("_results", {})
        if platform not in cached:
            names = boardtest._tests(self.path)
            text = _script(self.path, names)
            port = _PORT.search(self.path.read_text())
            folders = [paths.BOARDS / port[1], paths.BOARDS / "boot"] if port else []
            if platform == CPYTHON:
                output = _on_cpython(text, self.path.parent.parent, folders)
            else:
                output = _on_board(platform, _packed(_sources(folders) + text) if port else text)
            cached[platform] = _parse(output)
        return cached[platform]


class Case(pytest.Item):
    """One function of a case file on one platform."""

    def __init__(self, *, case, platform, **options):
        super().__init__(**options)
        self.case = case
        self.platform = platform

    def runtest(self):
        results = self.parent.results(self.platform)
        passed, said = results.get(self.case, (False, results.get("", (False, ""))[1]))
        self.user_properties += _FIGURE.findall(said)
        if not passed:
            raise CaseFailed(said or "the interpreter ended before it")

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.path.stem}: {self.name}"


class CaseFailed(Exception):
    pass


def _script(file: Path, names: list[str]) -> str:
    runner = (HERE / "runner.py").read_text()
    support = [f"SOAK = {_SOAK}"]
    support += [
        folder.joinpath("support.py").read_text()
        for folder in (HERE, file.parent.parent)
        if (folder / "support.py").exists()
    ]
    text = file.read_text()
    if uses := _USES.search(text):
        support += [(HERE.parent / name).read_text() for name in uses[1].split()]
    return f"{runner}\n_run({file.name!r}, {text!r}, {support!r}, {names!r})\n"


def _sources(folders: list[Path]) -> str:
    """What makes a file system of these folders' modules, and looks there first for imports."""
    if not folders:
        return ""
    files = {
        f"/{file.relative_to(folder)}": _bare(file.read_text())
        for folder in reversed(folders)
        for file in folder.rglob("*.py")
        # Machine code is for the processor of that board, and this one has started already.
        if not file.name.startswith("_")
        or file.name == "__init__.py"
        or file.name.startswith("_plain")
    }
    return f"_files = {files!r}\n{(HERE / 'sourcefiles.py').read_text()}"


def _bare(text: str) -> str:
    """A module without its comments and docstrings: a board takes scripts of some size only.

    Lines keep their numbers.
    """
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            said = node.body[0]
            lines[said.lineno - 1] = " " * said.col_offset + "0"
            for row in range(said.lineno, said.end_lineno):
                lines[row] = ""
    return "\n".join(lines) + "\n"


def _packed(text: str) -> str:
    """A script that does the same as one that is too long for a board."""
    data = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return (
        "import io\nfrom binascii import a2b_base64\nfrom deflate import ZLIB, DeflateIO\n"
        f"exec(DeflateIO(io.BytesIO(a2b_base64({data!r})), ZLIB).read())\n"
    )


def _on_cpython(text: str, package: Path, more: list[Path]) -> str:
    folders = [package / "cpython", HERE / "cpython", *more, paths.OS]
    if package.name in _WITH_BOARD:
        folders += [paths.BOARDS / "boot", paths.BOARDS / "host" / "modules"]
    search = os.pathsep.join(map(str, folders))
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore:coroutine:RuntimeWarning", "-"],
            input=text,
            env={**os.environ, "PYTHONPATH": search},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "\nended by the time limit\n"
    return done.stdout


def _on_board(platform: str, text: str) -> str:
    board, kind = platform.split("-")
    built = firmware.build(None, board, native=kind == "native")
    try:
        return runningboard.run_script(launch.board(built), text, _TIMEOUT_S)
    except BoardError as error:
        return f"{error.detail}\n{error.message}\n"


def _parse(output: str) -> dict[str, tuple[bool, str]]:
    """What the marks say; under "" what was printed behind the last one."""
    results = {}
    said = ""
    end = 0
    for mark in _MARK.finditer(output):
        said = output[end : mark.start()]
        end = mark.end()
        if mark[1] in ("pass", "fail"):
            results[mark[2]] = mark[1] == "pass", said
        elif mark[1] == "end" and not results:
            results[""] = False, said
    results.setdefault("", (False, output[end:]))
    return results
