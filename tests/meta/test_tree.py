"""The tree itself: style, no traces of a machine, nothing large."""

import re
import subprocess
import sys

from coiltools.paths import ROOT

_LARGEST_KB = 512
#: Device code is one idea a file.
_LINES = 450
#: Characters: 128 - 52 - 1.
_MESSAGE_MAX = 75
#: One state machine may need more; its first lines say why.
_LONGER = {"os/rtos/_plain.py": 500, "os/rtos/_fast.py": 620}


def tracked() -> list[str]:
    """The files of the repository that are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def texts():
    for name in tracked():
        data = (ROOT / name).read_bytes()
        assert b"\0" not in data, f"{name} is not a text file"
        yield name, data.decode()


def test_style():
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_path_of_a_machine_and_no_package_mirror():
    pattern = re.compile(
        r"(?:^|[^A-Za-z0-9_.])/(?:work|farm|root|home/[a-z]+)/"
        r"|\b(?:deb|files|registry|snapshot|pypi)\.[a-z]+\.?(?:org|net|io|com)\b",
        re.MULTILINE,
    )
    found = [f"{name}: {m.group()}" for name, text in texts() for m in pattern.finditer(text)]
    assert found == []


def test_nothing_large():
    sizes = {name: (ROOT / name).stat().st_size for name in tracked()}
    assert {name for name, size in sizes.items() if size > _LARGEST_KB * 1024} == set()


def test_device_files_are_short():
    long = {
        name: text.count("\n")
        for name, text in texts()
        if name.startswith(("os/", "boards/"))
        and name.endswith(".py")
        and text.count("\n") > _LONGER.get(name, _LINES)
    }
    assert long == {}


def test_messages_in_c_fit_the_emergency_buffer():
    """One longer text anywhere takes all texts from exceptions that are raised without the heap.

    MicroPython's decompress_error_text_maybe() wants room for the longest behind 52 bytes of the 128 that
    boards/boot/_boot.py gives (32-bit words).
    """
    long = {
        text
        for name, source in texts()
        if name.startswith("boards/") and name.endswith((".c", ".h"))
        for text in re.findall(r'MP_ERROR_TEXT\("((?:[^"\\]|\\.)*)"', source)
        if len(text) > _MESSAGE_MAX
    }
    assert long == set()


def test_no_bare_except():
    found = [
        n for n, text in texts() if n.endswith(".py") and re.search(r"^\s*except\s*:", text, re.M)
    ]
    assert found == []
