"""A file system on a block device in Python, used by threads that preempt each other, and Ctrl-C in it."""

import random
import re
import time
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


_WORK = """
import os, fs
from rtos.core import locked
device = fs.HeapBlockDevice(64 * 4096, erase_size=4096)
fs.mount(device, "/ext", format=True)
os.mkdir("/ext/other")
def work():
    print("begins")
    while True:
        for n in range(6):
            with open("/ext/%d" % n, "wb") as file:
                file.write(b"x" * 700)
            os.rename("/ext/%d" % n, "/ext/other/%d" % n)
            os.mkdir("/ext/folder")
            os.rmdir("/ext/folder")
            os.remove("/ext/other/%d" % n)
def again():
    fs.umount("/ext")
    fs.mount(device, "/ext")
    report = fs.check("/ext")
    print("sound" if report.ok() else report.problems, "locked" if locked() else "free")
    for path in ("/ext", "/ext/other"):
        for entry in list(os.ilistdir(path)):
            if entry[0] != "other":
                os.remove(path + "/" + entry[0])
"""


@pytest.mark.parametrize("native", [True, False])
def test_ctrl_c_in_the_middle_of_a_file_system(board_factory, rtos_image, native):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    dice = random.Random(seed)
    board = board_factory(image=rtos_image(native))
    board.exec(_WORK)
    ended = set()
    for _ in range(12):
        board.console.write(b"work()\r")
        board.console.until(b"begins\r\n", timeout=60)
        time.sleep(dice.uniform(0, 0.05))
        board.console.write(b"\x03")  # one: docs/fs.md says what a second may do
        said = board.console.until(b"\r\n>>> ", timeout=60).decode()
        ended |= set(re.findall(r"KeyboardInterrupt|OSError", said))
        assert board.exec("again()") == "sound free\n", said
    assert ended, "nothing was interrupted"
