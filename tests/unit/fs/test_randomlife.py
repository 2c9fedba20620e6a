"""Stores do what a dict does, whatever hypothesis does with them; COIL_SEED=n repeats it."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from coiltools import paths

_SOAK = os.environ.get("COIL_SOAK")
_LIVES = 1500 if _SOAK else 50
#: What has to have happened, so that something is proved.
_SEEN = {"TDBStore": ("set", "written", "cut", "collected", "full"), "FileSystemStore": ("set",)}


@pytest.mark.soak
@pytest.mark.parametrize("store", sorted(_SEEN))
def test_any_calls_restarts_and_power_cuts(store, record_property):
    seed = os.environ.get("COIL_SEED") or str(random.SystemRandom().getrandbits(30))
    print("seed", seed)
    record_property("seed", seed)
    folders = [paths.ROOT / "tests/unit/cpython", paths.OS, paths.BOARDS / "boot"]
    folders.append(paths.BOARDS / "host" / "modules")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("randomlife.py"), store, seed, str(_LIVES)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=7200,
    )
    assert done.returncode == 0, done.stdout
    counts = dict(word.split("=") for word in done.stdout.split())
    for name in _SEEN[store]:
        assert int(counts[name]) > 0, counts
    for name, n in sorted(counts.items()):
        record_property(name, n)
