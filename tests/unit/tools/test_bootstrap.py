"""Setting up a machine: the plan, what is run in which order, and what an interruption leaves.

The script runs on a copy of the files that it needs.  Programs are absent because PATH is
restricted; `apt-get` is a recorder that makes the missing programs appear.  The virtual
environments are real; their one package is built from the copy, so that no network is needed.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from coiltools import aptget, packages, paths

PROGRAMS = ("gcc", "make", "git", "arm-none-eabi-gcc", "qemu-system-arm", "pkg-config", "env")
PROGRAMS += ("gdb-multiarch", "mcopy")
#: A build backend of one function: an editable wheel that holds nothing.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    info = "coilcopy-1.dist-info/"
    with zipfile.ZipFile(folder + "/coilcopy-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: coilcopy\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "coilcopy-1-py3-none-any.whl"
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "coilcopy"
version = "1"
"""
RECORDER = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
*--print-uris*) exit 100;;
*install*) [ -e {folder}/refuse ] && exit 100; {ln} -sf {true} {folder}/qemu-system-arm;;
esac
"""


class Copy:
    """A copy of the repository's set-up, with a PATH of its own."""

    def __init__(self, folder: Path):
        self.root = folder / "clone"
        self.bin = folder / "bin"
        self.log = folder / "apt.log"
        for name in (
            "tools/bootstrap.py",
            "tools/coiltools/__init__.py",
            "tools/coiltools/aptget.py",
            "tools/coiltools/packages.py",
            "tools/coiltools/paths.py",
        ):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(paths.ROOT / name, target)
        (self.root / "backend.py").write_text(BACKEND)
        (self.root / "pyproject.toml").write_text(PROJECT)
        self.lock = self.root / "requirements.lock"
        self.lock.write_text("# nothing\n")
        self.stamp = self.root / ".venv" / "coil-setup.json"
        self.show_all()

    def show_all(self):
        """Make PATH a folder with the programs that a set-up looks for, and no apt-get."""
        shutil.rmtree(self.bin, ignore_errors=True)
        self.bin.mkdir(parents=True)
        for name in PROGRAMS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.log.unlink(missing_ok=True)

    def hide(self, name: str):
        (self.bin / name).unlink()

    def apt(self):
        """Put the recorder in place of apt-get."""
        path = self.bin / "apt-get"
        words = {name: shutil.which(name) for name in ("true", "ln")}
        path.write_text(RECORDER.format(log=self.log, folder=self.bin, **words))
        sudo = self.bin / "sudo"
        sudo.write_text('#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
        for program in (path, sudo):
            program.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(self.root / "tools/bootstrap.py"), *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.root), "PIP_NO_INDEX": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy after its first run; making an environment takes seconds, so the tests share it."""
    copy = Copy(tmp_path_factory.mktemp("finished"))
    copy.first = copy.run()
    assert copy.first.returncode == 0, copy.first.stderr
    return copy


@pytest.fixture
def ready(finished):
    """A copy whose environment is complete, with all programs in sight."""
    finished.show_all()
    yield finished
    finished.lock.write_text("# nothing\n")
    assert finished.run("--no-packages").returncode == 0


def installed(copy: Copy) -> bool:
    question = "import importlib.metadata as m; m.version('coilcopy')"
    python = copy.root / ".venv/bin/python"
    asked = subprocess.run([python, "-c", question], timeout=60, stderr=subprocess.DEVNULL)
    return asked.returncode == 0


# The virtual environment.


def test_first_run_plans_then_makes_and_second_run_does_nothing(ready):
    told = ready.first.stderr
    assert told.index("MB to download") < told.index("making .venv")
    assert installed(ready)
    second = ready.run()
    assert (second.returncode, second.stderr, second.stdout) == (0, "", "")


def test_failed_installation_leaves_no_stamp_and_is_made_anew(ready):
    ready.lock.write_text(f"coil-no-such-package==1 --hash=sha256:{64 * '0'}\n")
    failed = ready.run()
    assert failed.returncode == 1
    assert "failed:" in failed.stderr and "to mend:" in failed.stderr
    assert "docs/install.md" in failed.stderr
    assert not ready.stamp.exists()

    leftover = ready.root / ".venv" / "half-made"
    leftover.touch()
    ready.lock.write_text("# nothing\n")
    assert ready.run().returncode == 0
    assert not leftover.exists(), "a half-made environment is no base to build on"
    assert installed(ready)


def test_changed_lock_refreshes_and_changed_place_makes_anew(ready, tmp_path):
    kept = ready.root / ".venv" / "kept"
    kept.touch()
    ready.lock.write_text("# still nothing\n")
    refreshed = ready.run()
    assert refreshed.returncode == 0
    assert "making .venv" not in refreshed.stderr
    assert kept.exists()

    moved = Copy(tmp_path)
    shutil.rmtree(moved.root)
    shutil.copytree(ready.root, moved.root, symlinks=True)
    done = moved.run()
    assert done.returncode == 0
    assert "making .venv" in done.stderr
    assert not (moved.root / ".venv" / "kept").exists()


@pytest.mark.parametrize("name", ["two words", "it's", "a$b", "c#1", "d:e"])
def test_folder_that_make_would_take_apart_is_refused_at_once(tmp_path, name):
    copy = Copy(tmp_path / name)
    refused = copy.run()
    assert refused.returncode == 1
    assert name in refused.stderr and "to mend: move the clone" in refused.stderr
    assert not (copy.root / ".venv").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"home": 3}', '{"home": null}', "\x00"])
def test_broken_stamp_counts_as_none(copy, text):
    spec = importlib.util.spec_from_file_location("copied", copy.root / "tools/bootstrap.py")
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    (copy.root / ".venv" / "bin").mkdir(parents=True)
    (copy.root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    bootstrap.write_stamp()
    assert bootstrap.up_to_date(bootstrap.read_stamp())
    copy.stamp.write_text(text)
    assert not bootstrap.in_place(bootstrap.read_stamp())
    assert not bootstrap.up_to_date(bootstrap.read_stamp())


# System packages.


def test_missing_package_is_planned_fetched_and_found(ready):
    ready.hide("qemu-system-arm")
    ready.apt()
    done = ready.run()
    assert done.returncode == 0, done.stderr
    told = done.stderr
    plan = told.index("qemu-system-arm            for the emulated board mps2")
    assert plan < told.index("MB to download") < told.index("apt-get update")
    assert [call for call in ready.calls() if "--print-uris" not in call] == [
        "update",
        "install -y --no-install-recommends qemu-system-arm",
    ]
    assert "Python packages" not in told, "the environment was complete"
    assert ready.run().stderr == ""


def test_apt_that_fails_gives_the_command_and_touches_nothing_else(copy):
    copy.hide("qemu-system-arm")
    copy.apt()
    (copy.bin / "refuse").touch()
    failed = copy.run()
    assert failed.returncode == 1
    assert "to mend: " in failed.stderr
    assert "apt-get install -y --no-install-recommends qemu-system-arm" in failed.stderr
    assert not (copy.root / ".venv").exists()


def test_tool_that_left_the_path_is_missed(ready):
    ready.hide("qemu-system-arm")
    failed = ready.run()
    assert failed.returncode == 1
    assert "qemu-system-arm" in failed.stderr


def test_system_without_apt_is_shown_other_ways(copy):
    copy.hide("qemu-system-arm")
    copy.hide("git")
    failed = copy.run()
    assert failed.returncode == 1
    assert "qemu-system-arm" in failed.stderr and "git" in failed.stderr
    assert "Dockerfile" in failed.stderr and "WSL2" in failed.stderr


def test_doctor_gets_its_environment_without_system_packages(ready):
    ready.hide("qemu-system-arm")
    ready.lock.write_text("# changed\n")
    assert "Python packages" in ready.run("--no-packages").stderr
    assert ready.run("--no-packages").stderr == ""
    assert ready.run().returncode == 1, "the next full run still misses it"


def test_unknown_argument_is_refused(copy):
    refused = copy.run("--help-me")
    assert refused.returncode == 2
    assert "--no-packages" in refused.stderr


def test_user_without_sudo_gets_the_command_for_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "/nowhere")
    assert aptget.become_root() is None
    assert aptget.by_hand(["git"]) == "apt-get install -y --no-install-recommends git"


def test_sudo_without_a_terminal_never_waits_for_a_password(monkeypatch, tmp_path):
    (tmp_path / "sudo").touch(mode=0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert aptget.become_root() == ["sudo", "-n"]
        assert aptget.by_hand(["git"]).startswith("sudo apt-get install")


# The estimate.


def test_cost_as_apt_says_it():
    text = (
        "Reading package lists...\n"
        "Need to get 56.8 MB of archives.\n"
        "After this operation, 1,448 MB of additional disk space will be used.\n"
        "'http://mirror.example/pool/a_1_all.deb' a_1_all.deb 48544984 SHA256:00\n"
        "'http://mirror.example/pool/b_1_all.deb' b_1_all.deb 8255016 \n"
    )
    assert aptget.parse_cost(text) == (56.8, 1448.0)


def test_cost_that_apt_does_not_say():
    assert aptget.parse_cost("E: Unable to locate package qemu-system-arm\n") is None


def test_stale_lists(monkeypatch, tmp_path):
    monkeypatch.setattr(aptget, "LISTS", tmp_path)
    assert aptget.lists_stale()
    packages_file = tmp_path / "mirror_dists_stable_main_binary-amd64_Packages.lz4"
    packages_file.touch()
    assert not aptget.lists_stale()
    os.utime(packages_file, (0, 0))
    assert aptget.lists_stale()


def test_every_piece_is_found_on_a_machine_that_builds():
    lacking = [p.name for p in packages.PIECES if not p.find()]
    assert lacking == []


# The lock.


def test_lock_pins_everything_with_hashes_and_names_no_host():
    lines = (paths.ROOT / "requirements.lock").read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith(("#", " "))]
    assert len(entries) > 15
    assert all("==" in entry and entry.endswith("\\") for entry in entries)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
    hashes = [line for line in lines if line.startswith("    --hash=sha256:")]
    assert len(hashes) >= len(entries)


def test_lock_has_every_dependency_of_the_project():
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["test"],
    ]
    names = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in wanted}
    lock = (paths.ROOT / "requirements.lock").read_text()
    pinned = set(re.findall(r"(?m)^([\w-]+)==", lock))
    assert names - pinned == set()
