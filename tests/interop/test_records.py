"""The device's RecordLog and the host's reader, made apart from the same page, find the same records: in
logs that have lived, and in damaged ones.
"""

import json
import os
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from coiltools import cli, paths, storage

_SCRIPT = Path(__file__).parent / "device" / "records.py"
_BLOCK = 512
_GEOMETRIES = (
    {"size": 2048, "program_size": 1, "erase_size": 256, "erase_value": 255},
    {"size": 2560, "program_size": 8, "erase_size": 512, "erase_value": 255},
    {"size": 4096, "program_size": 64, "erase_size": 512, "erase_value": 0},
    {"size": 2048, "program_size": 4, "erase_size": 4, "erase_value": None},
)


def on_device(jobs: list[dict]) -> list[dict]:
    folders = [paths.ROOT / "tests/unit/cpython", paths.OS, paths.BOARDS / "boot"]
    folders.append(paths.BOARDS / "host" / "modules")
    done = subprocess.run(
        [sys.executable, _SCRIPT],
        input=json.dumps(jobs),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def job(geometry: dict, image: bytes | None, steps=()) -> dict:
    encoded = None if image is None else text(image)
    return {"geometry": geometry, "block_size": _BLOCK, "image": encoded, "steps": steps}


def text(data: bytes) -> str:
    return b64encode(data).decode()


def records(result: dict) -> dict[str, bytes]:
    return {number: b64decode(data) for number, data in result["records"].items()}


def on_host(path: Path, image: bytes) -> dict[str, bytes]:
    """Those that are not lost."""
    path.write_bytes(image)
    with storage.opened(path) as found:
        return {e.path: found.read(e.path) for e in found.entries() if not e.error}


def random_steps(dice: random.Random) -> list[list]:
    steps = []
    for _ in range(dice.randrange(1, 150)):
        kind = dice.choices(("append", "remount", "prepare", "reset"), (90, 5, 4, 1))[0]
        data = [text(dice.randbytes(dice.randrange(1, 61)))] if kind == "append" else []
        steps.append([kind, *data])
    return [*steps, ["append", text(b"the last one")]]


@pytest.fixture(scope="module")
def lives() -> list[tuple[dict, list, dict]]:
    dice = random.Random(7)
    jobs = [job(_GEOMETRIES[n % len(_GEOMETRIES)], None, random_steps(dice)) for n in range(48)]
    return [(j["geometry"], j["steps"], r) for j, r in zip(jobs, on_device(jobs), strict=True)]


def test_the_host_reads_what_the_device_wrote(lives, tmp_path):
    rounds = 0
    for number, (_, steps, result) in enumerate(lives):
        appended = [b64decode(step[1]) for step in steps if step[0] == "append"]
        assert result["next"] == len(appended)
        found = on_host(tmp_path / "log.img", b64decode(result["image"]))
        assert found == records(result), number
        first = min(map(int, found))
        # The newest ones, without a gap, as they were appended.
        assert found == {str(n): appended[n] for n in range(first, len(appended))}, number
        assert cli.main(["fs", "check", str(tmp_path / "log.img")]) == 0
        rounds += first > 20
    assert rounds > 5


@pytest.mark.parametrize("seed", range(4))
def test_both_find_the_same_in_damaged_logs(lives, tmp_path, seed):
    dice = random.Random(seed)
    jobs, expected, pasts = [], [], []
    while len(jobs) < 60:
        geometry, steps, result = dice.choice(lives)
        image = bytearray(b64decode(result["image"]))
        written = [at for at in range(0, len(image), 16) if len(set(image[at : at + 16])) > 1]
        for _ in range(dice.choice((1, 1, 2, 4))):
            at = dice.choice(written) + dice.randrange(16)
            if at % _BLOCK >= 32:  # headers: the device may refuse, or begin anew
                image[at] ^= 1 << dice.randrange(8)
        jobs.append(job(geometry, bytes(image)))
        expected.append(on_host(tmp_path / "log.img", bytes(image)))
        pasts.append([b64decode(step[1]) for step in steps if step[0] == "append"])
    damaged = 0
    for number, (result, found, past) in enumerate(
        zip(on_device(jobs), expected, pasts, strict=True)
    ):
        assert records(result) == found, number
        assert all(past[int(name)] == data for name, data in found.items()), number
        damaged += len(found) < len(past) - min(map(int, found), default=0)
    assert damaged > 5
