"""Runs an application's test files on a board.

The firmware holds the application; each test file is sent to the board as a script, behind a
short runner, and the board is reset before each, so that no file sees what another left.
"""

import ast
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import firmware, hostpage, imports, launch
from .rawrepl import BoardError, Reader
from .report import Fail

_RUNNER = Path(__file__).parent / "templates" / "runner.py"
_MARK = b"\x1e"
_PROMPT = b"\r\n>>> "
_RUNNER_FRAME = re.compile(r'  File "(<string>|_start.py)", line .*\n')


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
    known = {file: _tests(file) for file in files}
    if not any(known.values()):
        mend = "Write tests/test_app.py with test_ functions."
        raise Fail(f"no test is there in {app / 'tests'}", mend)
    chosen = {file: [n for n in names if pattern.search(n)] for file, names in known.items()}
    if not any(chosen.values()):
        listed = ", ".join(name for names in known.values() for name in names)
        raise Fail(f"no test matches '{pattern.pattern}'. Known: {listed}.", "Choose another -k.")
    built = firmware.build(app, board, tests=(_RUNNER, *files), native=native)
    for file, names in chosen.items():
        if names:
            yield from _run_file(built, file, names, timeout_s)


def _tests(file: Path) -> list[str]:
    """The names of the test functions in `file`, in their order."""
    imports.read(file)  # refuses what is no Python, and names the line
    tree = ast.parse(file.read_bytes(), str(file))
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
    waiting = list(names)
    detail = ""
    with launch.board(built, heap=built.heap_bytes, script=text) as board:
        for event, name, said in _events(board.console, time.monotonic() + timeout_s):
            detail = said
            if event in ("pass", "fail"):
                waiting.remove(name)
                yield Result(file.name, name, event == "pass", said if event == "fail" else "")
            elif event != "start":
                break
    for name in waiting:
        yield Result(file.name, name, False, detail or "the board did not run it")
        detail = "not run, because of the failure above"


def _events(console: Reader, deadline: float) -> Iterator[tuple[str, str, str]]:
    """The runner's marks as they come: event, name, what was printed since the last mark.

    The last event is "end", or "lost" when the board went silent or back to its prompt.
    """
    while True:
        try:
            data = console.until(_MARK, _PROMPT, timeout=max(0, deadline - time.monotonic()))
            if data.endswith(_PROMPT):
                yield "lost", "", _readable(data.removesuffix(_PROMPT))
                return
            line = console.until(b"\n", timeout=5).decode().split()
        except BoardError as error:
            late = time.monotonic() >= deadline
            why = "did not end in time" if late else f"was cut off: {error.message}"
            yield "lost", "", f"{_readable(error.detail.encode())}the test {why}"
            return
        event, name = line
        yield event, name, _readable(data.removesuffix(_MARK))
        if event == "end":
            return


def _readable(data: bytes) -> str:
    """Console output without the frames of the runner in tracebacks."""
    text = data.decode(errors="replace").replace("\r\n", "\n")
    return _RUNNER_FRAME.sub("", text)
