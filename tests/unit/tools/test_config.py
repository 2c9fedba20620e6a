"""coil.toml: every key is typed, and every failure says what to write instead."""

import pytest
from coiltools import boards, cli, config, report
from coiltools.config import Limit
from coiltools.report import Fail
from hypothesis import given
from hypothesis import strategies as st

LIMITS = {"net_sockets": Limit(4, 1, 64, "sockets open at a time")}
#: Any board but mps2.
OTHER = next(name for name in boards.all_boards() if name != "mps2")
GOOD = """# An application.
[app]
name = "lamp"
opt = 1
include = [
    "asyncio.stream",
]

[limits]
net_sockets = 8

[board.mps2]
heap = "90K"
native = false
net_sockets = 16

[packages]
micropython-ssd1306 = "==0.3.0"
other = { version = "== 1.2", sha256 = "ab" }
"""


def load(folder, text, board="mps2", **more):
    (folder / "coil.toml").write_bytes(text.encode(errors="surrogateescape"))
    return config.load(folder, board, limits=LIMITS, **more)


def test_each_value_knows_who_set_it(tmp_path):
    found = load(tmp_path, GOOD, overrides=("app.opt=3",))
    assert (found["name"], found.app["name"].origin) == ("lamp", "coil.toml line 3")
    assert (found["opt"], found.app["opt"].origin) == (3, "--set on the command line")
    assert (found["include"], found.app["include"].origin) == (
        ("asyncio.stream",),
        "coil.toml line 5",
    )
    assert (found["heap"], found.app["heap"].origin) == (92160, "coil.toml [board.mps2] line 13")
    assert found["native"] is False
    assert (found["main"], found.app["main"].origin) == ("app.py", "default")
    assert found.limits["net_sockets"].value == 16
    assert found.packages["other"].value == ("1.2", "ab")
    assert found.packages["micropython-ssd1306"].origin == "coil.toml line 18"


def test_byte_order_mark_of_an_editor_is_no_error(tmp_path):
    assert load(tmp_path, "\ufeff" + GOOD)["name"] == "lamp"


def test_overrides_of_another_board_do_not_apply(tmp_path):
    text = GOOD.replace("board.mps2", f"board.{OTHER}")
    found = load(tmp_path, text)
    assert (found["heap"], found["native"], found.limits["net_sockets"].value) == (0, True, 8)


def test_defaults_without_a_file(tmp_path):
    found = config.load(tmp_path, "mps2")
    assert found["name"] == tmp_path.name
    assert {value.origin for value in found.app.values()} == {"default", "the folder's name"}
    assert config.load(None, "mps2")["name"] == ""


@pytest.mark.parametrize(
    "text, parts",
    [
        ("[app]\nnam = 'x'", ["coil.toml:2", "no key 'nam'", "did you mean 'name'", "version"]),
        ("\n[ap]\n", ["coil.toml:2", "no section 'ap'", "did you mean 'app'", "packages"]),
        ("app = 3", ["coil.toml:1", "'app' must be a section [app]", "3"]),
        ("[app]\nopt = '1'", ["coil.toml:2", "'opt' must be 0, 1, 2 or 3", "'1'"]),
        ("[app]\nopt = true", ["'opt' must be 0, 1, 2 or 3", "True"]),
        ("[app]\nopt = 4", ["'opt' must be 0, 1, 2 or 3", "4"]),
        ("[app]\nname = 1", ["'name' must be a string", "1"]),
        ("[app]\nmain = 'a/b.py'", ["'main' must be a file name"]),
        ("[app]\ninclude = 'a'", ["'include' must be a list of module names", "'a'"]),
        ("[app]\nheap = '90KB/s'", ["'heap' must be a size such as \"90K\""]),
        ("[app]\nheap = 100", ["'heap' must be", 'at least "16K"', "100"]),
        ("[board.mps2]\nheap = '1G'", ["'heap' must be a size", "'1G'"]),
        ("[board.mps2]\nheap = '5M'", ["coil.toml:2", "at most the 4194304 bytes of mps2"]),
        ("[app]\nheap = -1", ["'heap' must be a size"]),
        ("[app]\nnative = 1", ["'native' must be true or false"]),
        ("[app]\nname = \nopt = 1", ["coil.toml", "line 2"]),
        ("[limits]\nnet_socket = 1", ["no key 'net_socket'", "did you mean 'net_sockets'"]),
        ("[limits]\nnet_sockets = 65", ["'net_sockets' must be a number from 1 to 64", "65"]),
        ("[limits]\nnet_sockets = 8.0", ["'net_sockets' must be a number from 1 to 64"]),
        ("[board.mps]\n", ["coil.toml:1", "no board 'mps'", "did you mean 'mps2'"]),
        ("[board]\nmps2 = 1", ["'mps2' must be a section [board.mps2]"]),
        ("[board.mps2]\nheep = 1", ["coil.toml:2", "did you mean 'heap'", "net_sockets"]),
        (f"[board.{OTHER}]\nheap = 'x'", ["coil.toml:2", "'heap' must be a size"]),
        ("[packages]\na = '1.2'", ["coil.toml:2", 'must be an exact version such as "==1.2"']),
        ("[packages]\na = '>=1.2'", ["exact version"]),
        ("[packages]\na = { version = '==1', sha = 'x' }", ["exact version"]),
        ("[packages]\n'--index' = '==1'", ["coil.toml:2", "the name of a package"]),
        ("[packages]\n'../a' = '==1'", ["coil.toml:2", "the name of a package"]),
        ("[app]\n\nname = '\udcff'", ["coil.toml:3: not UTF-8"]),
    ],
)
def test_failures_say_where_and_what_instead(tmp_path, text, parts):
    with pytest.raises(Fail) as failure:
        load(tmp_path, text)
    for part in parts:
        assert part in failure.value.message
    assert failure.value.mend


@pytest.mark.parametrize(
    "override, part",
    [
        ("app.opt", "--set app.opt=3"),
        ("opt=3", "--set app.opt=3"),
        ("app.opd=3", "did you mean 'opt'"),
        ("app.opt=9", "0, 1, 2 or 3"),
        ("limits.net_sockets=0", "1 to 64"),
        ("packages.x===1", "--set app.opt=3"),
    ],
)
def test_command_line_is_checked_as_well(tmp_path, override, part):
    with pytest.raises(Fail) as failure:
        config.load(tmp_path, "mps2", limits=LIMITS, overrides=(override,))
    assert part in failure.value.message + failure.value.mend


def test_command_line_takes_bare_words_and_toml(tmp_path):
    found = config.load(tmp_path, "mps2", overrides=("app.name=lamp", 'app.include=["a", "b"]'))
    assert (found["name"], found["include"]) == ("lamp", ("a", "b"))


@given(st.integers(0, 1 << 20))
def test_sizes(n):
    assert config.size(n) == config.size(str(n)) == config.size(f"{n}B") == n
    assert config.size(f"{n}K") == config.size(f"{n} kb") == n * 1024
    assert config.size(f"{n}M") == n * 1024 * 1024


def test_command_shows_value_and_origin(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report.out, "width", 200)
    (tmp_path / "app.py").write_text("LIMITS = {'samples': (10, 1, 100, 'kept in RAM')}\n")
    (tmp_path / "coil.toml").write_text("[app]\nopt = 1\n[board.mps2]\nheap = '90K'\n")
    command = ["config", str(tmp_path), "--set", "limits.samples=20"]
    assert cli.main([*command, "--board", "mps2"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "coil.toml line 2" in rows["app.opt"]
    assert "92160" in rows["app.heap"] and "[board.mps2]" in rows["app.heap"]
    assert "20" in rows["limits.samples"] and "--set" in rows["limits.samples"]
    assert "default" in rows["app.native"]
    assert cli.main([*command, "--board", "host"]) == 0
    assert "92160" not in capsys.readouterr().out
