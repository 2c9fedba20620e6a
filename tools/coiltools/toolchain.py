"""The programs that build and run firmware: finding them, their versions, make, mpy-cross."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from . import lockfile, packages, paths, report, source
from .report import Fail
from .source import Source

#: All that a build sees of the user's environment: CFLAGS, V or BOARD would change a firmware.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH")
_ENVIRONMENT += ("SOURCE_DATE_EPOCH", "CCACHE_DIR")
#: Lines of a failed build that are shown: the end, and the first errors if further up.
TAIL_LINES, ERROR_LINES = 20, 10
#: How each tool is asked for its version, and where the answer holds it.
_VERSIONS = {
    "arm-none-eabi-gcc": (["-dumpfullversion"], r"(\S+)"),
    "gcc": (["-dumpfullversion"], r"(\S+)"),
    "make": (["--version"], r"GNU Make (\S+)"),
    "git": (["--version"], r"git version (\S+)"),
    "pkg-config": (["--version"], r"(\S+)"),
    "qemu-system-arm": (["--version"], r"version (\S+)"),
    "gdb-multiarch": (["--version"], r"GNU gdb.* (\S+)"),
    "mpy-cross": (["--version"], r"MicroPython v?(\S+)"),
}


def require(tool: str) -> Path:
    """Return the path of a program.

    tool: a name in `packages.PIECES`, "qemu-system-arm" for instance.
    raises Fail naming the Debian package that has it.
    """
    piece = packages.piece(tool)
    path = piece.find()
    if path is None:
        raise Fail(
            f"{tool} is missing; it is needed for: {piece.use}",
            f"apt-get install {piece.package} (as root, or with sudo)",
        )
    return Path(path)


def version(program: str | Path) -> str | None:
    """Return the version that a program of the table says it has; None if it says none."""
    if Path(program).name not in _VERSIONS:
        return None
    arguments, pattern = _VERSIONS[Path(program).name]
    try:
        said = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=30
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, said)
    return match[1] if match else None


def versions() -> dict[str, str]:
    """Return name -> version of everything that decides what a measurement says.

    raises Fail if one of the tools is missing.
    """
    micropython = source.ensure()
    programs = {
        "gcc": require("arm-none-eabi-gcc"),
        "host-gcc": require("gcc"),
        "qemu": require("qemu-system-arm"),
        "mpy-cross": mpy_cross(micropython),
    }
    found = {name: version(path) or "unknown" for name, path in programs.items()}
    found["micropython"] = micropython.version
    found["python"] = ".".join(map(str, sys.version_info[:3]))
    return found


def make(
    directory: Path,
    *targets: str,
    log: Path | None = None,
    **variables: object,
) -> Path:
    """Run make quietly, with as many jobs as there are processors.

    directory: where the Makefile is.
    log: the file that gets the whole output; build/log/<directory's name>.log if None.
    variables: make variables; they win over the Makefile's own.

    returns: the log.  raises Fail with the errors, or if make or a compiler is missing.
    """
    log = log or paths.BUILD / "log" / f"{directory.name}.log"
    for place in (directory, *(value for value in variables.values() if isinstance(value, Path))):
        if paths.hostile(place):
            raise Fail(
                f"make cannot work with the path {str(place)!r}",
                "use folders whose names are letters, digits and any of . , _ + @ ~ - only",
            )
    log.parent.mkdir(parents=True, exist_ok=True)
    jobs = len(os.sched_getaffinity(0))
    command = [str(require("make")), f"-j{jobs}", "--no-print-directory", "-C", str(directory)]
    # One interpreter for all: whatever python3 is first in PATH may be too old, or slow to start.
    variables = {"PYTHON": sys.executable, **variables}
    command += [*targets, *(f"{name}={value}" for name, value in variables.items())]
    with log.open("w") as file:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    if result.returncode:
        raise Fail(
            f"the build in {directory} failed",
            f"see {log}; if a tool is missing, make doctor tells which",
            _excerpt(log.read_text(errors="replace").splitlines()),
        )
    return log


def environment() -> dict[str, str]:
    """Return the environment of a build: one in which the same sources give the same firmware.

    The MicroPython tree is never written to, not even by Python's cache; and git must not take
    the repository around an unpacked tree for MicroPython's own, whose tag goes into the banner.
    """
    above = [paths.BUILD, Path(os.environ.get("MICROPYTHON_DIR") or paths.BUILD).parent]
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return kept | {
        # `_excerpt` looks for untranslated errors; folders may have names in any script.
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CEILING_DIRECTORIES": ":".join(str(folder.resolve()) for folder in above),
    }


def _excerpt(lines: list[str]) -> str:
    """Return the end of a log, after the first errors when parallel jobs pushed them up."""
    tail = lines[-TAIL_LINES:]
    above: Iterable[str] = lines[: -len(tail)] if tail else ()
    errors = [line for line in above if re.search(r"\b(error|undefined reference)\b", line, re.I)]
    first = [*errors[:ERROR_LINES], "..."] if errors else []
    return "\n".join([*first, *tail])


def mpy_cross(micropython: Source) -> Path:
    """Return the mpy-cross of this MicroPython, building it out of tree if need be.

    A pinned tree never changes, so its mpy-cross is built once; a user's checkout is left to
    make, which rebuilds what was edited.

    raises Fail if it cannot be built.
    """
    require("gcc")
    pinned = paths.BUILD in micropython.path.parents
    folder = paths.BUILD / f"mpy-cross-{micropython.version}"
    if not pinned:
        place = hashlib.sha256(str(micropython.path).encode()).hexdigest()[:8]
        folder = folder.with_name(f"{folder.name}-{place}")
    program = folder / "mpy-cross"
    if pinned and program.exists():
        return program
    with lockfile.held(folder.with_name(folder.name + ".lock"), "building mpy-cross"):
        if not program.exists():
            with report.step(f"building mpy-cross {micropython.version}"):
                _build_mpy_cross(micropython, folder, program)
        elif not pinned:
            _build_mpy_cross(micropython, folder, program)
    return program


def _build_mpy_cross(micropython: Source, folder: Path, program: Path):
    """Link under another name and rename: a half-written program must not pass for a whole."""
    log = paths.BUILD / "log" / f"{folder.name}.log"
    make(micropython.path / "mpy-cross", log=log, BUILD=folder.resolve(), PROG="linked")
    shutil.copy2(folder / "linked", program.with_suffix(".new"))
    os.replace(program.with_suffix(".new"), program)
