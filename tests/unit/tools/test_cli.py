"""What every command has in common: wrong options, files that cannot be used, closed files."""

import os
import subprocess
import sys

import pytest
from coiltools import apps, cli, jsonfile, paths, session

COIL = [sys.executable, "-c", "from coiltools.cli import main; main()"]


def coil(*arguments, shell_tail="", **environment):
    """Run coil in a shell, so that its standard files can be closed."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {shell_tail}', "sh", *COIL, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_wrong_option_gets_the_closest_and_the_list(capsys):
    assert cli.main(["run", "--baord", "host"]) == 2
    said = capsys.readouterr().err
    assert "no option '--baord'; did you mean '--board'?" in said
    assert "--watch" in said and "coil run --help" in said


@pytest.mark.parametrize("variable", ["COIL_BUILD", "COIL_CACHE"])
def test_folder_that_cannot_be_made_is_named(tmp_path, variable):
    where = {"COIL_BUILD": str(tmp_path), "COIL_MICROPYTHON": "", "MICROPYTHON_DIR": ""}
    done = coil("build", **{**where, variable: "/dev/null/below"})
    assert done.returncode == 1
    assert "/dev/null" in done.stderr and "to mend:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_are_no_obstacle(closed):
    done = coil("boards", shell_tail=closed)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert ("mps2" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_reader_that_leaves_early_gets_no_traceback():
    done = coil("boards", shell_tail="| true")
    assert done.stderr == ""


def test_applications_have_build_folders_of_their_own(tmp_path):
    (tmp_path / "a").mkdir()
    ours, theirs = tmp_path / "default", tmp_path / "a" / "default"
    labels = {apps.label(folder) for folder in (None, ours, theirs)}
    assert len(labels) == 3
    assert apps.label(apps.find("blinky")) == "blinky"
    assert not paths.hostile(paths.Path(apps.label(tmp_path / "it's $my app #1")))


def test_damaged_results_count_as_none(tmp_path):
    file = tmp_path / "below" / "results.json"
    assert jsonfile.read(file) == {}
    jsonfile.write(file, {"a": 1})
    assert jsonfile.read(file) == {"a": 1}
    assert [entry.name for entry in file.parent.iterdir()] == ["results.json"]
    for damaged in (b"", b"{", b"[1]", b"\xff"):
        file.write_bytes(damaged)
        assert jsonfile.read(file) == {}


@pytest.mark.parametrize(
    "words, net, app",
    [
        ((), None, None),
        (("--net",), "user", None),
        (("--net", "blinky"), "user", "blinky"),
        (("blinky", "--net"), "user", "blinky"),
        (("--net", "--forward", "tcp:1:2", "blinky"), "user", "blinky"),
        (("--net", "user", "blinky"), "user", "blinky"),
        (("--net", "socket:unix:/tmp/x", "blinky"), "socket:unix:/tmp/x", "blinky"),
        (("--net=socket:tcp:a:1,connect",), "socket:tcp:a:1,connect", None),
    ],
)
def test_net_takes_the_next_word_only_if_it_is_a_network(monkeypatch, words, net, app):
    seen = []

    def start(options):
        seen.append((options.net, options.app))
        raise session.Fail("not started.")

    monkeypatch.setattr(session, "start", start)
    assert cli.main(["run", *words]) == 1
    assert seen == [(net, app)]
