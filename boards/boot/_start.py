"""Starts the application; runs after _boot unless a host tool asked for a raw REPL.

Runs in the namespace of the REPL and cleans up after itself, so that the user finds only what the
application left there.
"""

import _build
import board
from micropython import const

_PREFER_ROM = const(2)  # board.flags(), docs/adr/0001-platform.md
_NO_APP = const(4)


def _exists(path):
    import os

    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _shadows():
    """Warnings about files that are named like a frozen module."""
    import os

    # The working directory, /flash, comes first in sys.path.
    rom_first = board.flags() & _PREFER_ROM
    found = []
    for folder, wins in (("/flash", True), ("/flash/lib", False), ("/rom", rom_first)):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            module = name.rsplit(".", 1)[0] if name.endswith((".py", ".mpy")) else name
            if module in _build.MODULES and module != "app":
                what = "takes the place of" if wins else "is never imported, but"
                found.append("%s/%s %s the frozen module %s" % (folder, name, what, module))
    return found


def _banner(app):
    import gc
    import os
    import sys

    gc.collect()
    version = ".".join(str(n) for n in sys.implementation.version[:3])
    print("Coil OS %s on %s, MicroPython %s" % (_build.VERSION, board.DESCRIPTION, version))
    line = "heap %d KB free" % (gc.mem_free() // 1024)
    try:
        info = os.statvfs("/flash")
        line += ", /flash %d KB free" % (info[0] * info[3] // 1024)
    except OSError:
        line += ", no /flash"
    print("%s, started by %s, application: %s" % (line, board.reset_reason(), app or "none"))
    for problem in board.problems:
        print("warning:", problem)
    for shadow in _shadows():
        print("warning:", shadow)


def _choose():
    """What to run: the first that exists of the documented order."""
    flags = board.flags()
    if flags & _NO_APP:
        return None
    if not flags & _PREFER_ROM and _exists("/flash/main.py"):
        return "/flash/main.py"
    for path in ("/rom/app.mpy", "/rom/app.py"):
        if _exists(path):
            return path
    return _build.APP


_script = board.script()
if _script is not None:
    exec(_script, {"__name__": "__main__"})
else:
    _app = _choose()
    _banner(_app)
    del _script, const, _build, board, _exists, _shadows, _banner, _choose
    if _app is None:
        del _app
    elif _app == "/flash/main.py":
        del _app
        execfile("/flash/main.py")
    else:
        del _app
        # A false fromlist makes MicroPython run the module as "__main__".
        __import__("app", None, None, False)
