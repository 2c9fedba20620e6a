"""Free heap after import, measured by booting the firmware and importing what it holds."""

from . import hostpage, launch
from .firmware import Firmware
from .rawrepl import BoardError, BoardException

_TIMEOUT_S = 20
#: Imports one by one, so that a module that fails names itself.
_SCRIPT = """
import gc, sys
gc.collect()
before = gc.mem_free()
for name in {names!r}:
    try:
        __import__(name)
    except Exception as error:
        print("failed", name, repr(error))
        sys.exit()
gc.collect()
print("free", gc.mem_free(), before)
"""


def measure(built: Firmware) -> str:
    """Bytes free after importing every module of `built`, and what the imports cost, in words.

    The application's main module is left out, because importing it would run it.
    """
    names = [m.name for m in built.modules if m.kind != "board" and m.name != "app"]
    options = {"heap": built.heap_bytes, "flags": hostpage.NO_APP}
    try:
        with launch.board(built, **options) as board:
            board.wait_for_prompt(_TIMEOUT_S)
            words = board.exec(_SCRIPT.format(names=names), timeout=_TIMEOUT_S).split(None, 2)
    except (BoardError, BoardException) as error:
        return f"not measured: {error}"
    if words[0] == "failed":
        return f"not measured: importing {words[1]} raised {words[2].strip()}"
    free, before = int(words[1]), int(words[2])
    return f"{free} ({before - free} taken by the imports)"
