"""The programs in docs/drivers.md do what the guide says: on mps2, or on host behind `<!-- host -->`."""

import re

import pytest
from coiltools import firmware as build
from coiltools import launch
from coiltools.emulator import Emulator
from coiltools.paths import ROOT
from coiltools.runningboard import run_script

_BLOCKS = re.findall(
    r"(?:^(<!-- host -->)\n)?^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?",
    (ROOT / "docs" / "drivers.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


def test_there_are_programs():
    assert len(_BLOCKS) >= 4


@pytest.mark.parametrize("where, program, output", _BLOCKS)
def test_program_of_the_guide(firmware, where, program, output):
    if where:
        board = launch.board(build.build(None, "host"))
    else:
        board = Emulator(firmware, icount=6, epoch_s=0)
    assert run_script(board, program, 60) == output
