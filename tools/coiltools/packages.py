"""What must be on the machine: each tool, the Debian package that brings it, how to find it.

Standard library only, and no syntax newer than Python 3.8: `tools/bootstrap.py` reads this table
before there is a virtual environment, and must be able to say so when Python is too old.
"""

from __future__ import annotations

import glob
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """One thing that has to be there.

    name: what users call it.
    package: the Debian and Ubuntu package.
    size_mb: download and unpacked size with its dependencies on a bare machine, used for the
        estimate when apt cannot be asked.
    use: what it is for, a few words.
    find: returns the path of the file that proves it is there, or None.
    """

    name: str
    package: str
    size_mb: tuple[int, int]
    use: str
    find: Callable[[], str | None]


def _program(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name)


def _system_program(name: str) -> Callable[[], str | None]:
    """A program that Debian keeps where only root's PATH leads."""
    return lambda: shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _header(name: str) -> Callable[[], str | None]:
    def find():
        for pattern in ("/usr/include/" + name, "/usr/include/*-linux-*/" + name):
            for path in sorted(glob.glob(pattern)):
                return path
        return None

    return find


def _newlib() -> str | None:
    """Ask the cross compiler: it prints a full path only for a library that it would link."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if not gcc:
        return None
    asked = subprocess.run(
        [gcc, "-print-file-name=libc.a"], stdout=subprocess.PIPE, text=True, timeout=30
    )
    path = asked.stdout.strip()
    return path if "/" in path else None


def _module(name: str) -> Callable[[], str | None]:
    def find():
        spec = importlib.util.find_spec(name)
        return spec.origin if spec else None

    return find


def _unpack_xz() -> str | None:
    return _module("_lzma")() or shutil.which("xz")


PIECES = (
    Piece("gcc", "gcc", (50, 180), "mpy-cross and board host", _program("gcc")),
    Piece("make", "make", (1, 2), "building", _program("make")),
    Piece("C headers", "libc6-dev", (8, 35), "mpy-cross and board host", _header("stdio.h")),
    Piece("git", "git", (10, 50), "versions in the boot banner", _program("git")),
    Piece(
        "arm-none-eabi-gcc",
        "gcc-arm-none-eabi",
        (50, 440),
        "firmware for Cortex-M",
        _program("arm-none-eabi-gcc"),
    ),
    Piece("newlib", "libnewlib-arm-none-eabi", (47, 380), "firmware for Cortex-M", _newlib),
    Piece(
        "qemu-system-arm",
        "qemu-system-arm",
        (30, 130),
        "the emulated board mps2",
        _program("qemu-system-arm"),
    ),
    Piece("pkg-config", "pkg-config", (1, 2), "board host", _program("pkg-config")),
    Piece("libffi", "libffi-dev", (1, 1), "board host", _header("ffi.h")),
    Piece(
        "python venv",
        f"python3.{sys.version_info[1]}-venv",
        (2, 4),
        "the coil command",
        _module("ensurepip"),
    ),
    Piece("xz", "xz-utils", (1, 2), "unpacking MicroPython", _unpack_xz),
    Piece("mcopy", "mtools", (1, 1), "coil fs: FAT", _program("mcopy")),
    Piece("mkfs.fat", "dosfstools", (1, 1), "coil fs: FAT", _system_program("mkfs.fat")),
    Piece("gdb-multiarch", "gdb-multiarch", (6, 20), "coil debug", _program("gdb-multiarch")),
)


def piece(name: str) -> Piece:
    """Return the piece called `name`; KeyError if the table does not have it."""
    return {each.name: each for each in PIECES}[name]
