"""Files named like modules of the firmware are refused, by name and with a way out."""

import pytest
from coiltools import apps, boards, cli, paths, plan, shadow
from coiltools.report import Fail


@pytest.mark.parametrize(
    "name, what",
    [
        ("coil.py", "an OS package"),
        ("asyncio/core.py", "MicroPython's asyncio"),
        ("_boot.py", "part of the boot sequence"),
        ("board.mpy", "part of the boot sequence"),
        ("driverport/gpio.py", "part of a board"),
        ("_build.py", "the build's own description"),
        ("machine.py", "a built-in module of MicroPython"),
        ("os/__init__.py", "a built-in module of MicroPython"),
    ],
)
def test_conflict(tmp_path, name, what):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    (tmp_path / "app.py").write_text("")
    [sentence] = shadow.conflicts(tmp_path)
    assert what in sentence and str(tmp_path / name.partition("/")[0]) in sentence
    assert "rename it" in sentence


def test_every_package_of_the_os_is_protected():
    present = {f.stem for f in paths.OS.iterdir() if f.suffix == ".py" or any(f.glob("*.py"))}
    assert present <= shadow.frozen_names().keys()


def test_own_names_and_folders_without_python_are_free(tmp_path):
    for name in ("app.py", "sensors.py", "os.txt", "tests/test_app.py", "asyncio/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert shadow.conflicts(tmp_path) == []
    assert shadow.conflicts(tmp_path / "nothing") == []


def test_build_refuses(tmp_path):
    (tmp_path / "app.py").write_text("import coil\n")
    (tmp_path / "coil.py").write_text("")
    with pytest.raises(Fail, match="named like modules of the firmware"):
        plan.make(tmp_path, boards.get("mps2"), tmp_path)


def test_unknown_application_and_board_name_the_closest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Fail, match="no application 'blinki'; did you mean 'blinky'.*hello"):
        apps.find("blinki")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Fail, match="holds no application"):
        apps.find("empty")
    (tmp_path / "app.py").write_text("")
    with pytest.raises(Fail, match="is a file"):
        apps.find("app.py")
    assert apps.find(".") == tmp_path.resolve()
    assert cli.main(["build", "--board", "mps3"]) == 1
    assert "did you mean 'mps2'" in capsys.readouterr().err.replace("\n", " ")


def test_boards_lists_all(capsys):
    assert cli.main(["boards"]) == 0
    shown = capsys.readouterr().out
    folders = {file.parent.name for file in paths.BOARDS.glob("*/board.toml")}
    assert folders >= {"mps2", "host"}
    assert folders == boards.all_boards().keys()
    for name in folders:
        assert f"\n {name} " in shown
    assert boards.get("mps2-an385") is boards.get("mps2")


@pytest.mark.parametrize(
    "text, message",
    [
        ("cpu = 3", "'cpu' must be str, not 3"),
        ("aliases = [1]", "'aliases' must be a list of strings"),
        ("cpo = 'x'", "did you mean 'cpu'"),
        ("cpu = 'x'", "no value for description, image"),
        ("cpu", "board.toml"),
    ],
)
def test_board_description_is_checked(tmp_path, text, message):
    (tmp_path / "board.toml").write_text(text)
    with pytest.raises(Fail, match=message.replace("[", "\\[")):
        boards.load(tmp_path)
