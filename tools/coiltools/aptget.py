"""Installing Debian packages: the command, what it will cost, and doing it.

Standard library only and parsable by Python 3.8, as `packages.py` and for the same reason.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

LISTS = Path("/var/lib/apt/lists")
#: Package lists older than this are fetched again: mirrors delete what they replaced.
LISTS_DAYS = 7
UNITS = {"B": 1e-6, "kB": 1e-3, "MB": 1, "GB": 1e3}


def available() -> bool:
    return shutil.which("apt-get") is not None


def become_root() -> list[str] | None:
    """Return what has to stand before a command to run it as root; None if there is no way.

    Without a terminal sudo must not wait for a password that nobody can type.
    """
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
    return None


def command(packages: list[str], *options: str) -> list[str]:
    return ["apt-get", "install", "-y", "--no-install-recommends", *options, *packages]


def by_hand(packages: list[str]) -> str:
    """Return the command for the user to type; plain, for a root shell, where sudo is absent."""
    sudo = [] if os.geteuid() == 0 or become_root() is None else ["sudo"]
    return " ".join(sudo + command(packages))


def lists_stale() -> bool:
    """Say whether apt's package lists are absent or too old to be trusted."""
    times = [path.stat().st_mtime for path in LISTS.glob("*_Packages*")]
    return not times or max(times) < time.time() - LISTS_DAYS * 86400


def cost(packages: list[str]) -> tuple[float, float] | None:
    """Ask apt what installing means.

    returns: MB to download and MB on disk, or None if apt does not know one of the packages.
    """
    asked = subprocess.run(
        command(packages, "--print-uris"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        timeout=60,
    )
    return parse_cost(asked.stdout) if asked.returncode == 0 else None


def parse_cost(text: str) -> tuple[float, float] | None:
    """Read the sizes out of what `apt-get install --print-uris` prints."""
    downloads = re.findall(r"^'[^']*' \S+ (\d+)", text, re.MULTILINE)
    disk = re.search(r"After this operation, ([\d,.]+) ([kMG]?B) of additional", text)
    if not disk:
        return None
    used = float(disk.group(1).replace(",", "")) * UNITS[disk.group(2)]
    return sum(int(size) for size in downloads) / 1e6, used


def run(*arguments: str) -> int:
    """Run one apt-get command as root with its output in view; return its status."""
    root = become_root() or []
    print("$ " + " ".join([*root, *arguments]), file=sys.stderr, flush=True)
    # sudo empties the environment, so the variable has to be set behind it.
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    return subprocess.run([*root, *quiet, *arguments], stdout=sys.stderr).returncode


def install(packages: list[str]) -> bool:
    """Install the packages, fetching new package lists when those here cannot serve.

    A list that cannot be fetched is no reason to stop: it may be a third party's, and whether
    the packages can be had is for the installation to say.  returns: success.
    """
    fresh = lists_stale() or cost(packages) is None
    if fresh:
        run("apt-get", "update")
    if run(*command(packages)) == 0:
        return True
    if fresh:
        return False
    run("apt-get", "update")
    return run(*command(packages)) == 0
