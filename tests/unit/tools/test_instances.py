"""The registry of running boards."""

import os
import subprocess
import sys

import pytest
from coiltools import instances, paths
from coiltools.instances import Claim, Instance
from coiltools.report import Fail


@pytest.fixture(autouse=True)
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    return tmp_path / "run"


def publish(claim: Claim, port=1234):
    described = Instance(
        instance=claim.name,
        board="mps2",
        app=None,
        image="firmware.elf",
        disk="disk.img",
        directory=str(claim.directory),
        port=port,
    )
    claim.publish(described)
    return described


def test_names_are_given_in_order_and_reused():
    with Claim("mps2") as one, Claim("mps2") as two:
        assert (one.name, two.name) == ("mps2-1", "mps2-2")
        one.close()
        with Claim("mps2") as again:
            assert again.name == "mps2-1"


def test_boards_are_numbered_apart():
    with Claim("mps2"), Claim("host") as host:
        assert host.name == "host-1"


def test_description_is_read_back():
    with Claim("mps2") as claim:
        described = publish(claim)
        assert instances.find() == described
        assert instances.find("mps2-1").url == "socket://127.0.0.1:1234"


def test_closing_removes_everything(registry):
    claim = Claim("mps2")
    publish(claim)
    claim.close()
    assert list(registry.iterdir()) == []
    assert not claim.directory.exists()


def test_socket_paths_stay_short(tmp_path, monkeypatch):
    deep = tmp_path / ("long" * 25)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with Claim("mps2") as claim:
        assert len(str(claim.directory / "console.sock")) < 108


def test_no_board_says_how_to_start_one():
    with pytest.raises(Fail) as failure:
        instances.find()
    assert failure.value.message == "no board is running."
    assert failure.value.mend == "make run"


def test_several_boards_need_a_choice():
    with Claim("mps2") as one, Claim("mps2") as two:
        publish(one)
        publish(two)
        with pytest.raises(Fail, match="mps2-1, mps2-2") as failure:
            instances.find()
        assert "--instance mps2-1" in failure.value.mend
        assert instances.find("mps2-2").instance == "mps2-2"


def test_unknown_name_gets_the_closest():
    with Claim("mps2") as claim:
        publish(claim)
        with pytest.raises(Fail, match="did you mean 'mps2-1'"):
            instances.find("mps-1")


def test_taken_and_wrong_names_are_refused():
    with Claim("mps2", "mps2-7"):
        with pytest.raises(Fail, match="mps2-7 is running already"):
            Claim("mps2", "mps2-7")
        for wrong in ("host-1", "mps2", "mps2-0", "../mps2-1"):
            with pytest.raises(Fail, match="no instance of board mps2"):
                Claim("mps2", wrong)


OWNER = """
import json, signal, sys
from pathlib import Path
from coiltools import paths
from coiltools.instances import Claim, Instance
paths.RUN = Path(sys.argv[1])
claim = Claim("mps2")
claim.publish(Instance(claim.name, "mps2", None, "", "", str(claim.directory)))
print(claim.directory, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("look", ["running", "claim"])
def test_what_a_killed_owner_left_is_removed(registry, look):
    command = [sys.executable, "-c", OWNER, str(registry)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        try:
            directory = owner.stdout.readline().strip()
            assert instances.find().pid == owner.pid
        finally:
            owner.kill()
    assert os.path.isdir(directory)
    if look == "running":
        assert instances.running() == []
        assert list(registry.iterdir()) == []
    else:
        with Claim("mps2") as claim:
            assert claim.name == "mps2-1"
    assert not os.path.exists(directory)


def test_description_in_the_making_is_passed_over(registry):
    with Claim("mps2"):
        assert instances.running() == []
        assert (registry / "mps2-1.json").exists()


def test_order_is_by_number():
    claims = [Claim("mps2") for _ in range(11)]
    for claim in claims:
        publish(claim)
    assert [each.instance for each in instances.running()] == [f"mps2-{n}" for n in range(1, 12)]
    for claim in claims:
        claim.close()
