"""The Makefile: what is typed wrong is said, and what is typed right arrives."""

import os
import subprocess

import pytest
from coiltools.paths import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess:
    """What make would run."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "-n", *arguments],
        cwd=ROOT,
        env=inherited,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_variable_that_does_not_exist_is_refused():
    done = make("run", "BOARDS=host")
    assert done.returncode != 0
    assert "nothing is called BOARDS" in done.stderr and "BOARD APP ARGS" in done.stderr


@pytest.mark.parametrize("target, option", [("run", ""), ("build", ""), ("size", "--app ")])
def test_application_and_board_arrive_as_they_are(target, option):
    done = make(target, "BOARD=host", "APP=my apps/one", "ARGS=--stock -x")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(
        f'coil {target} --board host {option}"my apps/one" --stock -x'
    )
    bare = make(target).stdout.splitlines()[-1]
    assert bare.split()[1:] == [target, "--board", "mps2"]


def test_help_names_every_target():
    listed = {line.split()[2] for line in make("help").stdout.splitlines() if "'make " in line}
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if ".PHONY" in line)
    assert listed | {"help", "setup"} == set(phony.split()[1:])
