"""First Python of every board: pins the built-in os, then mounts the file systems.

Runs before the REPL, also before a raw REPL, so it prints nothing unless something is wrong.
The same on all boards; `board` says what there is to mount.
"""

import os
import sys

# A folder called "os" in the current directory (the source tree of this project has one) must
# never be imported in place of the built-in module.
sys.modules["os"] = os

# Imported before any file system is there, so that no file on it can take their place.
import _build
import board
import micropython
import vfs
from micropython import const

_PREFER_ROM = const(2)  # board.flags(), docs/adr/0001-platform.md
_FORMAT = const(8)
_BLOCK_COUNT = const(4)  # ioctl()
_FORMATTING = b"Coil OS: formatting"

# What is wrong with the storage, for the banner.  It lives in `board`, because this file is
# executed, not imported.
board.problems = problems = []


def _format(device):
    """Format.  After a power cut in the middle a mark in the last block says that it was us."""
    last = device.ioctl(_BLOCK_COUNT, 0) - 1
    device.writeblocks(last, _FORMATTING, 0)
    vfs.VfsLfs2.mkfs(device)
    _formatted(device)


def _formatted(device):
    """Take the mark away, so that damage from now on is reported, not formatted."""
    device.writeblocks(device.ioctl(_BLOCK_COUNT, 0) - 1, bytes(len(_FORMATTING)), 0)


def _formatting(device):
    """Was the volume being formatted when the power went?"""
    found = bytearray(len(_FORMATTING))
    device.readblocks(device.ioctl(_BLOCK_COUNT, 0) - 1, found, 0)
    return found == _FORMATTING


def _mount_flash(device, path):
    """Mount littlefs.  Format it if it is blank or if that was asked for, never otherwise."""
    if board.flags() & _FORMAT:
        _format(device)
        board.clear_format()
    try:
        vfs.mount(vfs.VfsLfs2(device, lookahead=256), path)
        if _formatting(device):  # the power went just before the mark did
            _formatted(device)
        return
    except OSError:
        if not device.is_blank() and not _formatting(device):
            problems.append(
                "the file system of %s is damaged; nothing was changed, nothing is mounted there; "
                "to start empty: coil run --format" % path
            )
            return
    _format(device)
    vfs.mount(vfs.VfsLfs2(device, lookahead=256), path)


def _mount_rom(device, path):
    if bytes(memoryview(device)[:3]) != b"\xd2\xcd\x31":  # an empty partition
        return
    try:
        vfs.mount(vfs.VfsRom(device), path)
    except OSError as error:
        if error.errno != 1:  # EPERM: the port has mounted it already
            problems.append("the ROMFS image of %s is damaged: %s" % (path, error))


def _mount():
    for device, path in board.storage():
        try:
            if path == "/rom":
                _mount_rom(device, path)
            else:
                _mount_flash(device, path)
        except Exception as error:  # a board without storage is still a board
            problems.append("cannot mount %s: %r" % (path, error))
    path = ["", ".frozen", "/rom", "/flash", "/flash/lib"]
    if board.flags() & _PREFER_ROM:
        path = ["", "/rom", ".frozen", "/flash", "/flash/lib"]
    sys.path[:] = path
    try:
        os.chdir("/flash")
    except OSError:
        pass  # not mounted; the banner says why


# Exceptions in hard callbacks are raised without the heap.
if hasattr(micropython, "alloc_emergency_exception_buf"):
    micropython.alloc_emergency_exception_buf(128)
_mount()
del micropython, _build, problems, const, board, vfs, os, sys
del _FORMATTING, _format, _formatted, _formatting, _mount_flash, _mount_rom, _mount
