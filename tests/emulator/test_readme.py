"""The README's first screen is what a run prints."""

import re

from coiltools import hostpage
from coiltools.emulator import Emulator
from coiltools.paths import ROOT

_README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    """The first block of the README in `language`."""
    return re.search(rf"^```{language}\n(.*?)^```$", _README, re.S | re.M)[1]


def without_numbers(text: str) -> str:
    """Versions and sizes differ from build to build."""
    return re.sub(r"[\d.]+", "N", text)


def test_banner(firmware, tmp_path):
    with Emulator(firmware, disk=tmp_path / "disk.img", flags=hostpage.SPIN) as board:
        said = board.wait_for_prompt()
    # MicroPython's own two lines are left out on the first screen.
    said = re.sub(r'MicroPython v.*\nType "help\(\)".*\n', "", said)
    assert without_numbers(said.rstrip()) == without_numbers(block("text").rstrip())


def test_blinky_is_the_example():
    example = (ROOT / "examples" / "blinky" / "app.py").read_text()
    assert block("python") == example


def test_every_make_target_that_is_named_exists():
    named = set(re.findall(r"\bmake (\w+)", _README))
    targets = set(re.findall(r"^([\w ]+):", (ROOT / "Makefile").read_text(), re.M))
    assert named <= {name for line in targets for name in line.split()}


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", _README):
        assert (ROOT / target).exists(), target
