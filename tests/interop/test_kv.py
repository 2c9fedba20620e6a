"""The device's TDBStore and the host's reader and writer, made apart from the same page, agree: on whole
stores, on stores in the middle of their life, and on damaged ones.

A case is repeated by its seed, which is the parameter.
"""

import json
import os
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from errno import EIO, ENODEV, ENOSPC, EROFS
from pathlib import Path

import pytest
from coiltools import cli, paths, storage
from coiltools.report import Fail

_HERE = Path(__file__).parent
_GEOMETRIES = (
    {"size": 2048, "program_size": 1, "erase_size": 256, "erase_value": 255},
    {"size": 4096, "program_size": 8, "erase_size": 512, "erase_value": 0},
    {"size": 4096, "program_size": 32, "erase_size": 1024, "erase_value": 255},
    {"size": 8192 + 256, "program_size": 4, "erase_size": 256, "erase_value": None},
)
_KEYS = ("a", "b.long-name", "ünï", "k" * 60, "x1", "x2")
_SEEDS = range(6)
_CASES = 12


def on_device(jobs: list[dict]) -> list[dict]:
    return run("kv.py", json.dumps(jobs))


def run(script: str, text: str = ""):
    """What a script with the device's code prints, as JSON."""
    folders = [paths.ROOT / "tests/unit/cpython", paths.OS, paths.BOARDS / "boot"]
    folders.append(paths.BOARDS / "host" / "modules")
    done = subprocess.run(
        [sys.executable, _HERE / "device" / script],
        input=text,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def job(geometry: dict, image: bytes | None, steps=()) -> dict:
    return {"geometry": geometry, "image": None if image is None else text(image), "steps": steps}


def text(data: bytes) -> str:
    return b64encode(data).decode()


def values(result: dict) -> dict[str, bytes]:
    """What the device has; without the keys that it knows to be lost."""
    return {k: b64decode(v) for k, v in result["keys"].items() if v is not None}


def on_host(path: Path, image: bytes) -> tuple[dict[str, bytes], int, list[str]]:
    """(values, number of lost keys, names of those that are write-once)."""
    path.write_bytes(image)
    with storage.opened(path, "kv") as found:
        entries = found.entries()
        whole = [entry.path for entry in entries if not entry.error]
        once = sorted(entry.path for entry in entries if entry.note)
        return {p: found.read(p) for p in whole}, len(entries) - len(whole), once


def random_steps(dice: random.Random) -> list[list]:
    steps = []
    for _ in range(dice.randrange(60)):
        kind = dice.choices(
            ("set", "stream", "remove", "collect", "remount", "reset"), (40, 15, 20, 10, 10, 1)
        )[0]
        if kind in ("set", "stream"):
            value = dice.randbytes(dice.choice((0, 1, 5, 30, 100, 200)))
            steps.append([kind, dice.choice(_KEYS), text(value), dice.random() < 0.05])
        elif kind == "remove":
            steps.append([kind, dice.choice(_KEYS)])
        else:
            steps.append([kind])
    return steps


def model(steps: list[list], errors: list[int]) -> tuple[dict[str, bytes], list[str]]:
    """What a dict would hold; checks that the errors are those that docs/contracts.md names."""
    kept: dict[str, bytes] = {}
    once: set[str] = set()
    for (kind, *arguments), error in zip(steps, errors, strict=True):
        key = arguments[0] if arguments else None
        if kind in ("set", "stream"):
            assert error in (0, EROFS if key in once else ENOSPC), (kind, key, error)
            assert not (error == 0 and key in once)
            if error == 0:
                kept[key] = b64decode(arguments[1])
                if arguments[2]:
                    once.add(key)
        elif kind == "remove":
            wanted = EROFS if key in once else 0 if key in kept else -1
            assert error == wanted, (key, error)
            if not error:
                del kept[key]
        else:
            assert error == 0, (kind, error)
            if kind == "reset":
                kept, once = {}, set()
    return kept, sorted(once)


@pytest.fixture(scope="module")
def lives() -> list[tuple[dict, list, dict]]:
    """Stores that have lived on the device: (geometry, steps, result)."""
    dice = random.Random(4)
    jobs = [
        job(_GEOMETRIES[n % len(_GEOMETRIES)], None, random_steps(dice)) for n in range(6 * _CASES)
    ]
    found = on_device(jobs)
    return [(j["geometry"], j["steps"], r) for j, r in zip(jobs, found, strict=True)]


def test_the_host_reads_what_the_device_wrote(lives, tmp_path):
    most = 0
    for number, (_, steps, result) in enumerate(lives):
        kept, once = model(steps, result["errors"])
        assert values(result) == kept and result["once"] == once, number
        assert on_host(tmp_path / "kv.img", b64decode(result["image"])) == (kept, 0, once), number
        most = max(most, len(kept))
        assert cli.main(["fs", "check", str(tmp_path / "kv.img")]) == 0
    assert most > 4
    full = [code for _, _, result in lives for code in result["errors"]]
    assert ENOSPC in full and EROFS in full  # the cases are as hard as they should be


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_device_reads_what_the_host_wrote(tmp_path, seed):
    dice = random.Random(seed)
    jobs, truths = [], []
    for number in range(_CASES):
        geometry = _GEOMETRIES[number % len(_GEOMETRIES)]
        keys = {key: dice.randbytes(dice.randrange(90)) for key in _KEYS if dice.random() < 0.8}
        once = sorted(key for key in keys if dice.random() < 0.2)
        source = tmp_path / "keys.json"
        source.write_text(
            json.dumps({k: {"base64": text(v), "write_once": k in once} for k, v in keys.items()})
        )
        image = tmp_path / "made.img"
        options = ["--size", geometry["size"], "--block-size", geometry["erase_size"]]
        options += ["--program-size", geometry["program_size"]]
        erased = 255 if geometry["erase_value"] is None else geometry["erase_value"]
        options += ["--erase-value", erased]
        command = ["fs", "build", image, source, "--kind", "kv", *options]
        assert cli.main(list(map(str, command))) == 0
        jobs += [
            job(geometry, image.read_bytes()),
            job(geometry, image.read_bytes(), random_steps(dice)),
        ]
        truths.append((keys, once))
    results = on_device(jobs)
    for (keys, once), untouched, (steps, lived) in zip(
        truths,
        results[::2],
        [(j["steps"], r) for j, r in zip(jobs, results, strict=True)][1::2],
        strict=True,
    ):
        assert untouched["mount"] == 0 and untouched["lost"] == 0
        assert values(untouched) == keys and untouched["once"] == once
        before = [["set", k, text(v), k in once] for k, v in keys.items()]
        kept, once = model([*before, *steps], [0] * len(before) + lived["errors"])
        assert values(lived) == kept
        assert on_host(tmp_path / "kv.img", b64decode(lived["image"])) == (kept, 0, once)


def damaged(dice: random.Random, image: bytes, erased: int) -> bytes:
    """Some bytes changed, a part erased, or a part older than the rest."""
    data = bytearray(image)
    used = [i for i, byte in enumerate(data) if byte != erased]
    kind = dice.choice(("bytes", "bits", "erased", "zeros"))
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        at = dice.choice(used)
        if kind == "bytes":
            data[at] = dice.randrange(256)
        elif kind == "bits":
            data[at] ^= 1 << dice.randrange(8)
        else:
            length = dice.randrange(1, 40)
            part = data[at : at + length]
            data[at : at + length] = bytes((erased if kind == "erased" else 0,)) * len(part)
    return bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_both_say_the_same_about_damaged_stores(lives, tmp_path, seed):
    """Same values, same number of lost keys; and never a value that the store never had."""
    dice = random.Random(seed)
    jobs, expected, pasts = [], [], []
    for geometry, steps, result in dice.sample(lives, 40):
        erased = 255 if geometry["erase_value"] is None else geometry["erase_value"]
        image = damaged(dice, b64decode(result["image"]), erased)
        try:
            expected.append(on_host(tmp_path / "kv.img", image))
        except Fail as failure:
            expected.append(failure.message)
        past = {(s[1], b64decode(s[2])) for s in steps if s[0] in ("set", "stream")}
        pasts.append(past)
        jobs.append(job(geometry, image))
    lost = 0
    for number, (result, wanted, past) in enumerate(
        zip(on_device(jobs), expected, pasts, strict=True)
    ):
        if isinstance(wanted, str):
            assert result["mount"] in (ENODEV, EIO), (number, wanted, result["mount"])
            continue
        assert result["mount"] == 0, (number, result["mount"])
        found, lost_here, once = wanted
        assert values(result) == found, number
        assert result["lost"] == lost_here, number
        assert result["once"] == once, number
        assert set(found.items()) <= past, number
        lost += lost_here
        # And what the device makes of it is what the host reads then.
        again = on_host(tmp_path / "kv.img", b64decode(result["image"]))
        assert again[0] == found, number
    assert lost > 0


def test_wear_of_a_store_is_even_and_is_drawn(tmp_path, capsys):
    report = run("wear.py")
    erases = report["erases"]
    assert report["writes"] > 10 * len(erases)
    assert max(erases) == report["limit"] + 1  # one is worn out,
    assert min(erases) > report["limit"] / 2  # and the others nearly
    file, picture = tmp_path / "wear.json", tmp_path / "wear.png"
    file.write_text(json.dumps(report))
    assert cli.main(["fs", "wear", str(file), "--png", str(picture)]) == 0
    assert f"32 blocks, {sum(erases)} erases" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")
