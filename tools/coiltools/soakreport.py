"""docs/soak.md: what every soak test said when it ran last, one row each.

A test is a soak test when it has pytest's mark `soak`; with COIL_SOAK set it runs at full size and
gives its figures, and the seed that repeats it, to pytest's `record_property`. tests/conftest.py
collects them.
"""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_HEAD = """\
# The last soak

What `make soak` found when it ran last. It writes this page: a row is replaced when its test runs
again, and goes when its test goes. Times are those of the computer that ran it.

| test | result | date (UTC) | commit | seconds | seeds and figures |
| --- | --- | --- | --- | --- | --- |
"""
_ROW = re.compile(r"^\| `([^`]+)` \|.*\|$")


@dataclass
class Result:
    """One test. test: its id in pytest; figures: (name, value) as the test has recorded them."""

    test: str
    passed: bool
    seconds: float
    figures: list[tuple[str, object]]


def update(page: Path, root: Path, results: list[Result], commit: str, now: datetime):
    """Put the results on the page; rows of tests whose file is gone are dropped."""
    rows = {}
    for line in page.read_text().splitlines() if page.exists() else ():
        if (found := _ROW.match(line)) and (root / found[1].partition("::")[0]).exists():
            rows[found[1]] = line
    for result in results:
        figures = ", ".join(f"{name} {value}" for name, value in result.figures)
        outcome = "passed" if result.passed else "**failed**"
        rows[result.test] = (
            f"| `{result.test}` | {outcome} | {now:%Y-%m-%d %H:%M} | {commit} | "
            f"{result.seconds:.0f} | {figures.replace('|', '/') or '–'} |"
        )
    page.write_text(_HEAD + "".join(rows[test] + "\n" for test in sorted(rows)))


def commit(root: Path, but: Path) -> str:
    """What is checked out; "+" says that files other than `but` are changed."""
    try:
        name = _git(root, "rev-parse", "--short=12", "HEAD").strip()
        changed = [
            line
            for line in _git(root, "status", "--porcelain").splitlines()
            if line[3:] != str(but)
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout


def now() -> datetime:
    return datetime.now(UTC)
