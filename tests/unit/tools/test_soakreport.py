"""docs/soak.md keeps the last result of each soak test."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from coiltools import paths
from coiltools.soakreport import Result, commit, update

_NOW = datetime(2030, 4, 5, 6, 7, 59, tzinfo=UTC)


def rows(page):
    return [line for line in page.read_text().splitlines() if line.startswith("| `")]


def test_rows_are_added_replaced_and_dropped(tmp_path):
    page = tmp_path / "soak.md"
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).touch()
    a = Result("test_a.py::test_one[x]", True, 61.4, [("kills", 200), ("seed", 123456)])
    b = Result("test_b.py::test_two", False, 0.2, [])
    update(page, tmp_path, [b, a], "abc", _NOW)
    assert rows(page) == [
        "| `test_a.py::test_one[x]` | passed | 2030-04-05 06:07 | abc | 61 "
        "| kills 200, seed 123456 |",
        "| `test_b.py::test_two` | **failed** | 2030-04-05 06:07 | abc | 0 | – |",
    ]
    update(page, tmp_path, [Result("test_b.py::test_two", True, 3, [("a|b", "c")])], "d+", _NOW)
    assert rows(page)[0].startswith("| `test_a.py::test_one[x]` | passed | 2030-04-05 06:07 | abc")
    assert (
        rows(page)[1] == "| `test_b.py::test_two` | passed | 2030-04-05 06:07 | d+ | 3 | a/b c |"
    )
    (tmp_path / "test_a.py").unlink()
    update(page, tmp_path, [], "d", _NOW)
    assert len(rows(page)) == 1


def test_the_commit_and_whether_it_is_all(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True)

    assert commit(tmp_path, Path("page.md")) == "unknown"
    git("init", "-q")
    (tmp_path / "page.md").write_text("old")
    (tmp_path / "file").write_text("old")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    name = commit(tmp_path, Path("page.md"))
    assert len(name) == 12
    (tmp_path / "page.md").write_text("new")
    assert commit(tmp_path, Path("page.md")) == name
    (tmp_path / "file").write_text("new")
    assert commit(tmp_path, Path("page.md")) == name + "+"


_TESTS = """
import pytest

@pytest.mark.soak
def test_records(record_property):
    record_property("seed", 7)

@pytest.mark.soak
def test_fails(record_property):
    record_property("seed", 8)
    assert False

def test_is_no_soak_test(record_property):
    record_property("seed", 9)
"""


def test_pytest_collects_what_the_marked_tests_record(tmp_path):
    """The project's own conftest.py, with the page of another project."""
    conftest = (paths.ROOT / "tests" / "conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\nfrom coiltools import paths\n"
        f"paths.ROOT = Path({str(tmp_path)!r})\n{conftest}"
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    soak\n")
    (tmp_path / "test_x.py").write_text(_TESTS)
    page = tmp_path / "docs" / "soak.md"

    def run(*arguments, soak=True):
        environment = {key: value for key, value in os.environ.items() if key != "COIL_SOAK"}
        environment.update({"COIL_SOAK": "1"} if soak else {})
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    run(soak=False)
    assert not page.exists()
    for arguments in ((), ("-n", "1")):
        run(*arguments)
        first, second = rows(page)
        assert first.startswith("| `test_x.py::test_fails` | **failed** |") and "seed 8" in first
        assert second.startswith("| `test_x.py::test_records` | passed |") and "seed 7" in second
        page.unlink()
