"""Runs an application's test files on a board.

The firmware holds the application; each test file is sent to the board as a script, behind a
short runner, and the board is reset before each, so that no file sees what another left.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import firmware, hostpage, launch
from .rawrepl import BoardError
from .report import Fail

_RUNNER = Path(__file__).parent / "templates" / "runner.py"
_EVENT = re.compile(r"\x1e(start|pass|fail) (\w+)\n")


@dataclass(frozen=True)
class Result:
    """One test: file and name, whether it passed, and what it printed or raised."""

    file: str
    name: str
    passed: bool
    detail: str


def run(
    app: Path, board: str, pattern: re.Pattern, timeout_s: float, native: bool = True
) -> Iterator[Result]:
    """Run the tests of `app` whose name matches `pattern` and yield the results.

    timeout_s: seconds for one test file; afterwards the board is given up.
    Raises Fail when there are no tests or the firmware cannot be built.
    """
    files = sorted((app / "tests").glob("test_*.py"))
    chosen = {file: [n for n in _tests(file) if pattern.search(n)] for file in files}
    if not any(chosen.values()):
        what = f"matches '{pattern.pattern}'" if pattern.pattern else "is there"
        raise Fail(
            f"no test {what} in {app / 'tests'}", "Write tests/test_app.py with test_ functions."
        )
    built = firmware.build(app, board, tests=(_RUNNER, *files), native=native)
    for file, names in chosen.items():
        if names:
            yield from _run_file(built, file, names, timeout_s)


def _tests(file: Path) -> list[str]:
    """The names of the test functions in `file`, in their order."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise Fail(f"{file}:{error.lineno}: {error.msg}", "Correct the line.") from error
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    return [n.name for n in tree.body if isinstance(n, kinds) and n.name.startswith("test_")]


def script(file: Path, names: list[str]) -> str:
    """The Python source that runs the tests `names` of `file` on a board."""
    return _RUNNER.read_text() + f"\n_run({file.name!r}, {file.read_text()!r}, {names!r})\n"


def _run_file(
    built: firmware.Firmware, file: Path, names: list[str], timeout_s: float
) -> Iterator[Result]:
    text = script(file, names)
    if len(text.encode()) > hostpage.SCRIPT_MAX:
        raise Fail(f"{file} is too large for one script", "Split it into several test files.")
    trouble = ""
    with launch.board(built, heap=built.heap_bytes, script=text) as board:
        try:
            output = board.wait_for_prompt(timeout_s)
        except BoardError as error:
            trouble = f"{error}"
            output = error.detail
    pieces = _EVENT.split(output)
    before, events = pieces[0], list(zip(*(pieces[i::3] for i in (1, 2, 3)), strict=True))
    said = dict[str, str]()
    done = set()
    for event, name, text in events:
        if event == "start":
            said[name] = text
        else:
            done.add(name)
            yield Result(file.name, name, event == "pass", said.get(name, "") * (event == "fail"))
    for name in names:
        if name not in done:
            detail = said.get(name, before) + trouble
            yield Result(file.name, name, False, detail or "the board did not run it")
