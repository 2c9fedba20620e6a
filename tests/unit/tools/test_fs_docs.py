"""The commands that docs/fs.md shows do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from coiltools.paths import ROOT


def test_commands_of_the_guide(tmp_path):
    text = (ROOT / "docs/fs.md").read_text()
    script = re.search(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]
    coil = tmp_path / "bin" / "coil"
    coil.parent.mkdir()
    coil.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from coiltools.cli import main; main()' \"$@\"\n"
    )
    coil.chmod(0o755)
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{coil.parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith("0  lib/")
    assert lines[-1].startswith("10.0.2.15card.img: FAT12") and lines[-1].endswith("sound")
    assert Path(tmp_path, "card/lib/mine.py").read_text() == "X = 1\n"
    assert Path(tmp_path, "keys.img").stat().st_size == 64 << 10
