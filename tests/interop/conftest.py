"""Boards whose storage is exchanged with programs that others have written."""

from pathlib import Path

import pytest
from coiltools import cli, firmware, hostpage
from coiltools.disk import Disk
from coiltools.emulator import Emulator


def coil(*arguments) -> int:
    return cli.main(["fs", *map(str, arguments)])


class BoardWithDisk:
    """An mps2 board whose /flash is replaced while it is off.

    path: of its disk file.
    """

    def __init__(self, image: Path, path: Path):
        self._image = image
        self.path = path

    def push(self, image: Path):
        assert coil("push", image, "--disk", self.path) == 0

    def pull(self, image: Path) -> Path:
        assert coil("pull", image, "--disk", self.path) == 0
        return image

    def run(self, *scripts: str) -> str:
        """Boot, run the scripts one after another, switch off; returns what they print."""
        with Emulator(self._image, disk=self.path, flags=hostpage.NO_APP) as board:
            greeting = board.wait_for_prompt()
            assert "damaged" not in greeting, greeting
            return "".join(board.exec(script, timeout=60) for script in scripts)


@pytest.fixture
def board(tmp_path) -> BoardWithDisk:
    path = tmp_path / "disk.img"
    with Disk(path):
        pass
    return BoardWithDisk(firmware.build(None, "mps2").image, path)
