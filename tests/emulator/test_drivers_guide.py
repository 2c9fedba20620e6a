"""The programs in docs/drivers.md do what the guide says."""

import re

import pytest
from coiltools.emulator import Emulator
from coiltools.paths import ROOT
from coiltools.runningboard import run_script

_BLOCKS = re.findall(
    r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?",
    (ROOT / "docs" / "drivers.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


def test_there_are_programs():
    assert len(_BLOCKS) >= 4


@pytest.mark.parametrize("program, output", _BLOCKS)
def test_program_of_the_guide(firmware, program, output):
    assert run_script(Emulator(firmware, icount=6, epoch_s=0), program, 60) == output
