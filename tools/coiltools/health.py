"""What `coil doctor` looks at.  Each check yields findings and changes nothing."""

import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from . import download, packages, paths, shadow, source, toolchain
from .report import Fail

#: A tree, its mpy-cross and the builds of two boards, each with an application or two.
SPACE_MB = 500
LEAST_SPACE_MB = 150


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    state: "ok"; "note", which stops nothing; "bad", which has to be mended.
    mend: the command or action, "" if there is nothing to do.
    """

    state: str
    what: str
    found: str
    mend: str = ""


def examine(folder: Path) -> Iterator[Finding]:
    """Yield all findings about this machine, this clone and the application in `folder`."""
    yield from python()
    yield from tools()
    yield from micropython()
    yield from space()
    yield from network()
    yield from application(folder)


def python() -> Iterator[Finding]:
    """The interpreter, and the packages of `.venv` against requirements.lock."""
    yield Finding("ok", "python", ".".join(map(str, sys.version_info[:3])))
    wrong = list(differences((paths.ROOT / "requirements.lock").read_text()))
    if wrong:
        shown = ", ".join(wrong[:4]) + (" ..." if len(wrong) > 4 else "")
        yield Finding("bad", "python packages", shown, "make distclean setup")
    else:
        yield Finding("ok", "python packages", "as in requirements.lock")


def differences(lock: str) -> Iterator[str]:
    """Yield what this interpreter has otherwise than the pins of a lock file.

    A pin with a marker is for other systems if it is not installed here.
    """
    for name, pinned, marker in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)( ;)?", lock):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            if not marker:
                yield f"{name} is missing"
            continue
        if version != pinned:
            yield f"{name} {version} instead of {pinned}"


def tools() -> Iterator[Finding]:
    """Every program and library of the table in packages.py."""
    for piece in packages.PIECES:
        path = piece.find()
        if path:
            yield Finding("ok", piece.name, toolchain.version(path) or path)
        else:
            yield Finding(
                "bad",
                piece.name,
                f"missing; needed for: {piece.use}",
                f"apt-get install {piece.package}, or make setup",
            )


def micropython() -> Iterator[Finding]:
    """The source that a build would use, and the files in the download cache."""
    try:
        chosen = source.present()
    except Fail as failure:
        yield Finding("bad", "micropython", failure.message, failure.mend)
    else:
        if chosen is None:
            yield Finding("note", "micropython", "not fetched yet", "make build fetches it")
        else:
            tested = chosen.version in source.PINNED
            yield Finding(
                "ok" if tested else "note",
                "micropython",
                f"{chosen.version} from {chosen.origin}" + ("" if tested else ", untested"),
            )
    for archive, path in source.cached().items():
        actual = download.sha256(path)
        if actual == archive.sha256:
            yield Finding("ok", "cache", f"{archive.name}, checksum right")
        else:
            yield Finding(
                "bad",
                "cache",
                f"{archive.name} has SHA-256 {actual}, expected {archive.sha256}",
                f"rm '{path}'",
            )


def space() -> Iterator[Finding]:
    """Free space where builds and downloads go."""
    for what, place in (("build folder", paths.BUILD), ("cache folder", paths.CACHE)):
        existing = place
        while not existing.exists():
            existing = existing.parent
        free = shutil.disk_usage(existing).free // 10**6
        state = "bad" if free < LEAST_SPACE_MB else "note" if free < SPACE_MB else "ok"
        mend = "" if state == "ok" else f"free some space: {SPACE_MB} MB are comfortable"
        yield Finding(state, what, f"{place}, {free} MB free", mend)


def network() -> Iterator[Finding]:
    """Running boards lend their consoles on ports of 127.0.0.1."""
    try:
        with socket.create_server(("127.0.0.1", 0)):
            yield Finding("ok", "ports", "127.0.0.1 can be listened on")
    except OSError as error:
        yield Finding("bad", "ports", f"127.0.0.1: {error}", "bring the loopback interface up")


def application(folder: Path) -> Iterator[Finding]:
    """Files of the application that would hide a module of the firmware, or be hidden."""
    if not any((folder / name).exists() for name in ("coil.toml", "app.py", "main.py")):
        return
    conflicts = shadow.conflicts(folder)
    for sentence in conflicts:
        found, _, mend = sentence.partition(": ")
        yield Finding("bad", "application", found, mend)
    if not conflicts:
        yield Finding("ok", "application", f"{folder.resolve().name}: no name of the firmware's")
