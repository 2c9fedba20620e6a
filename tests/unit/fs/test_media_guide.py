"""The programs about media and files in docs/fs.md do what it says."""

import re

import pytest
from coiltools import firmware, launch, runningboard
from coiltools.paths import ROOT

_BLOCKS = re.findall(
    r"^<!-- tests/unit/fs/test_media_guide.py runs this block -->\n"
    r"```python\n(.*?)^```$\n\n```text\n(.*?)^```$",
    (ROOT / "docs" / "fs.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


def test_there_are_programs():
    assert len(_BLOCKS) == 3


@pytest.mark.parametrize("program, output", _BLOCKS, ids=range(len(_BLOCKS)))
def test_program_of_the_guide(program, output):
    board = launch.board(firmware.build(None, "host"))
    assert runningboard.run_script(board, program, 60) == output
