"""`coil new`: bad names are refused; the result is clean for pyright, which knows the board."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from coiltools import cli, imports, paths

STUBS = Path(cli.__file__).with_name("stubs")


@pytest.fixture
def lamp(tmp_path, monkeypatch):
    """A new application called `lamp`; the working directory is the folder around it."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "lamp"]) == 0
    return tmp_path / "lamp"


def pyright(folder: Path) -> list[tuple[str, str]]:
    """The rule and the message of each complaint about the files in `folder`."""
    command = [sys.executable, "-m", "basedpyright", "--outputjson"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    report = json.loads(run.stdout)
    assert report["summary"]["filesAnalyzed"] > 0
    return [(d.get("rule", ""), d["message"]) for d in report["generalDiagnostics"]]


def test_writes_an_application(lamp):
    made = {str(f.relative_to(lamp)) for f in lamp.rglob("*") if f.is_file()}
    assert made == {
        ".vscode/settings.json",
        "app.py",
        "coil.toml",
        "pyrightconfig.json",
        "tests/test_app.py",
    }
    assert 'name = "lamp"' in (lamp / "coil.toml").read_text()
    assert "{name}" not in "".join(f.read_text() for f in lamp.rglob("*.*") if f.is_file())


@pytest.mark.parametrize(
    "name, reason",
    [
        ("lamp", "exists already"),
        ("9lamp", "is not a Python name"),
        ("my-lamp", "is not a Python name"),
        ("while", "is a Python keyword"),
        ("asyncio", "is MicroPython's asyncio"),
        ("coil", "is an OS package"),
        ("machine", "is a built-in module"),
        ("app", "has a meaning of its own"),
    ],
)
def test_refuses_with_the_reason(lamp, capsys, name, reason):
    capsys.readouterr()
    before = sorted(lamp.parent.rglob("*"))
    assert cli.main(["new", name]) == 1
    assert reason in capsys.readouterr().err.replace("\n", " ")
    assert sorted(lamp.parent.rglob("*")) == before


def test_pyright_is_clean_and_knows_the_board(lamp):
    (lamp / "probe.py").write_text(
        "import _build\nimport _native\nimport asyncio\nimport time\n"
        "import micropython\nfrom coil import Lock, Pin\nfrom machine import UART, Timer, mem32\n"
        "_N = const(3)\n\n\n"
        "def edge(pin: Pin):\n    print(pin.value(), mem32[0], _build.BOARD)\n\n\n"
        'button = Pin("BUTTON1", Pin.IN)\nbutton.irq(edge, Pin.IRQ_RISING, hard=True)\n'
        "Timer(-1, period=100, mode=Timer.PERIODIC, callback=lambda timer: timer.deinit())\n"
        "age = time.ticks_diff(time.ticks_ms(), _native.cycles())\n\n\n"
        "@micropython.native\nasync def main():\n    async with Lock():\n"
        "        await asyncio.sleep_ms(_N)\n    UART(1, 9600, timeout=3).read(3)\n"
    )
    assert pyright(lamp) == []
    (lamp / "probe.py").write_text(
        "import time\nfrom coil import Lokc\nfrom machine import Pin\n"
        'time.sleep_msec(1)\nPin("LED1").toggel()\nPin("LED1", mode="out")\n'
    )
    assert sorted(rule for rule, _ in pyright(lamp)) == [
        "reportArgumentType",
        "reportAttributeAccessIssue",
        "reportAttributeAccessIssue",
        "reportAttributeAccessIssue",
    ]


def test_every_lazy_table_has_a_stub_with_the_same_names():
    tables = [f for f in paths.OS.rglob("*.py") if imports.read(f).table is not None]
    assert paths.OS / "coil.py" in tables
    for file in tables:
        tree = ast.parse(file.with_suffix(".pyi").read_text())
        taken, listed = set(), set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                taken |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Assign):
                listed |= set(ast.literal_eval(node.value))
        assert taken == listed == imports.read(file).table.keys(), file
