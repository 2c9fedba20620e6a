"""A file system on a block device in Python, used by threads that preempt each other."""

import re
from pathlib import Path

import pytest
from coiltools import runningboard
from coiltools.emulator import Emulator

_SCRIPT = Path(__file__).parent / "fs_scripts" / "hammer.py"


@pytest.mark.parametrize("kind, foreign", [("littlefs", 0), ("littlefs", 1), ("fat", 0)])
@pytest.mark.parametrize("native, plain", [(True, True), (False, True), (False, False)])
def test_threads_that_preempt_each_other_share_a_file_system(
    rtos_image, native, plain, kind, foreign
):
    """plain: by open(), else by fs.aio and locked calls."""
    head = f"KIND = {kind!r}\nFOREIGN = {foreign}\nPLAIN = {plain}\n"
    board = Emulator(rtos_image(native), epoch_s=0)
    said = runningboard.run_script(board, head + _SCRIPT.read_text(), 60)
    found = re.search(r"overlaps (\d+) nested (\d+) entered (\d+) calls (\d+)", said)
    assert found, said
    overlaps, nested, entered, calls = map(int, found.groups())
    assert overlaps > 10 and calls > 500, said
    assert (nested, entered) == (0, 0), said
