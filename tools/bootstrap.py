#!/usr/bin/env python3
"""Bring a machine to the point where `.venv/bin/coil` runs: system packages, then `.venv`.

The Makefile calls this before every target, so a second run only compares a stamp.  Standard
library only and parsable by Python 3.8: an old interpreter gets a sentence, not a SyntaxError.

    python3 tools/bootstrap.py [--no-packages]

--no-packages: leave the system alone and make only `.venv`; `coil doctor` then says what lacks.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from coiltools import aptget, paths
from coiltools.packages import PIECES, Piece

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "coil-setup.json"
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)
#: What the estimate assumes: a home line, an ordinary disk, pip's own pace for the lock.
DOWNLOAD_MB_S, UNPACK_MB_S = 4, 30
VENV_DOWNLOAD_MB, VENV_DISK_MB, VENV_S = 95, 330, 45
ELSEWHERE = (
    "use the Dockerfile (docker build -t coil .) or, on Windows, WSL2 with Debian: "
    "docs/install.md has both; or install those tools in your system's own way"
)


class SetupError(Exception):
    """What failed, and the command or action that mends it."""

    def __init__(self, message: str, mend: str):
        super().__init__(message)
        self.mend = mend


def say(text: str):
    print(text, file=sys.stderr, flush=True)


# The stamp: what the last complete set-up left.


def read_stamp() -> dict:
    """Return what the last complete set-up wrote; {} if there was none or it cannot be read."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def home() -> dict:
    """Return where `.venv` can work: its scripts hold this folder, its packages this Python."""
    python = os.path.realpath(VENV / "bin" / "python")
    return {"root": str(ROOT), "python": python if os.path.exists(python) else None}


def contents() -> str:
    """Return a hash of everything that decides which packages are in `.venv`."""
    return hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def write_stamp():
    """Declare the set-up complete.  Renamed into place, so that it never lies."""
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps({"home": home(), "contents": contents()}, indent=1))
    os.replace(new, STAMP)


def in_place(stamp: dict) -> bool:
    """Say whether `.venv` was once completed here, with the Python that it still leads to."""
    here = home()
    return here["python"] is not None and stamp.get("home") == here


def up_to_date(stamp: dict) -> bool:
    return in_place(stamp) and stamp.get("contents") == contents()


# System packages.


def missing(with_packages: bool) -> list[Piece]:
    """Return what is not on this machine; without packages, only what `.venv` itself needs."""
    wanted = PIECES
    if not with_packages:
        wanted = [piece for piece in PIECES if piece.name == "python venv"]
    return [piece for piece in wanted if not piece.find()]


def install_packages(lacking: list[Piece]):
    """Install what lacks through apt.  raises SetupError if that cannot be done here."""
    packages = [piece.package for piece in lacking]
    names = ", ".join(piece.name for piece in lacking)
    if not aptget.available():
        raise SetupError(f"missing here: {names}; and this system has no apt-get", ELSEWHERE)
    if aptget.become_root() is None:
        raise SetupError(
            f"missing here: {names}; installing needs root, and there is no sudo",
            "as root: " + aptget.by_hand(packages),
        )
    if not aptget.install(packages):
        raise SetupError(f"apt could not install {names}", aptget.by_hand(packages))
    importlib.invalidate_caches()
    still = [piece for piece in lacking if not piece.find()]
    if still:
        raise SetupError(
            "not found even after the installation: " + ", ".join(piece.name for piece in still),
            f"see that PATH holds /usr/bin; it is {os.environ.get('PATH', 'empty')}",
        )


# The virtual environment.


def make_venv(stamp: dict):
    """Make `.venv`, or bring one that was complete here up to date.

    The half that an interruption left has no stamp, and is made anew from nothing.
    """
    keep = in_place(stamp)
    STAMP.unlink(missing_ok=True)
    if not keep:
        say("- making .venv")
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], "rm -rf .venv, then try again")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    if not sys.stderr.isatty():
        pip.append("-q")
    say("- installing the Python packages of requirements.lock")
    run(
        [*pip, "--require-hashes", "-r", str(LOCK)],
        "see that pip reaches its index (pip config list, proxies), then try again; "
        "docs/install.md says how to do without a network",
    )
    run([*pip, "-q", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "try again")


def run(command: list[str], mend: str):
    if subprocess.run(command, stdout=sys.stderr, cwd=ROOT).returncode:
        raise SetupError("this failed: " + " ".join(command), mend)


# The whole.


def plan(lacking: list[Piece], with_venv: bool):
    """Say what will be installed, roughly how much and how long, before anything happens."""
    download = disk = seconds = 0.0
    packages = [piece.package for piece in lacking]
    say("Setting up this machine for Coil OS.  To be installed:")
    for piece in lacking:
        say(f"  {piece.package:<26} for {piece.use}")
    if lacking:
        known = aptget.available() and not aptget.lists_stale() and aptget.cost(packages)
        download, disk = known or (
            sum(piece.size_mb[0] for piece in lacking),
            sum(piece.size_mb[1] for piece in lacking),
        )
        seconds = download / DOWNLOAD_MB_S + disk / UNPACK_MB_S
    if with_venv:
        say(f"  {'.venv':<26} for the Python packages of requirements.lock")
        download += VENV_DOWNLOAD_MB
        disk += VENV_DISK_MB
        seconds += VENV_S
    minutes = round(seconds / 60 + 0.5)
    say(f"Roughly {download:.0f} MB to download, {disk:.0f} MB on disk, {minutes} min.")
    if lacking and aptget.become_root():
        say("System packages need root; this will run: " + aptget.by_hand(packages))


@contextmanager
def alone():
    """Hold the lock that keeps two set-ups of one clone apart."""
    path = ROOT / "build" / "setup.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this folder to end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up(with_packages: bool):
    """Do what is not done yet.  raises SetupError."""
    if paths.hostile(ROOT):
        raise SetupError(
            f"MicroPython's makefiles cannot work in the folder {str(ROOT)!r}",
            "move the clone to where every folder's name is letters, digits and any of "
            ". , _ + @ ~ - only",
        )
    if up_to_date(read_stamp()) and not missing(with_packages):
        return
    with alone():
        # Looked at again: another set-up may have ended while this one waited.
        stamp = read_stamp()
        stale = not up_to_date(stamp)
        lacking = missing(with_packages)
        if not lacking and not stale:
            return
        plan(lacking, stale)
        if lacking:
            install_packages(lacking)
        if stale:
            make_venv(stamp)
            write_stamp()
        say("The set-up is complete.")


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        major, minor = sys.version_info[:2]
        say(f"failed: Coil needs Python 3.11 or newer; this is {major}.{minor}")
        say("to mend: install a newer Python, then say which: make PYTHON=python3.11 ...")
        return 1
    unknown = [argument for argument in arguments if argument != "--no-packages"]
    if unknown:
        say(f"failed: unknown argument {unknown[0]}; the only one is --no-packages")
        return 2
    try:
        set_up(with_packages=not arguments)
    except SetupError as error:
        say(f"failed: {error}")
        say(f"to mend: {error.mend}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; run it again to go on")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
