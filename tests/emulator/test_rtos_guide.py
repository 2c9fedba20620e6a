"""The programs in docs/rtos.md do what the guide says."""

import re

from coiltools import firmware
from coiltools.emulator import Emulator
from coiltools.paths import ROOT
from coiltools.runningboard import run_script

_BLOCKS = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "docs" / "rtos.md").read_text(), re.S | re.M
)
_OUTPUT = ["", "49\na thread has called\n"]


def test_each_program_of_the_guide_runs():
    image = firmware.build(None, "mps2").image
    said = [run_script(Emulator(image, icount=6, epoch_s=0), block, 60) for block in _BLOCKS]
    assert said == _OUTPUT
