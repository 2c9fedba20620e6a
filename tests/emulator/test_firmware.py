"""Builds of real applications: what is inside, what it costs, what a change rebuilds."""

import ast
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from coiltools import (
    apps,
    boards,
    boardtest,
    cli,
    firmware,
    hostpage,
    jsonfile,
    launch,
    linkmap,
    paths,
)
from coiltools.rawrepl import BoardException
from coiltools.report import Fail

BOARDS = sorted(boards.all_boards())
STUBS = Path(cli.__file__).with_name("stubs")


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def ask(built: firmware.Firmware, code: str) -> str:
    """What `code` prints on the board that runs `built`, without starting the application."""
    with launch.board(built, flags=hostpage.NO_APP) as running:
        running.wait_for_prompt(20)
        return running.exec(code)


@pytest.fixture(autouse=True)
def leave_nothing_behind(tmp_path):
    """Remove what the applications of a test have in `build/`."""
    yield
    labels = [apps.label(folder) for folder in tmp_path.rglob("*") if folder.is_dir()]
    for label in labels:
        for made in paths.BUILD.glob(f"*/{label}*"):
            shutil.rmtree(made)
    for store in (paths.BUILD / "size").glob("*.json"):
        kept = {k: v for k, v in jsonfile.read(store).items() if not k.startswith(tuple(labels))}
        jsonfile.write(store, kept)


@pytest.mark.parametrize("board", BOARDS)
def test_second_build_builds_nothing(board):
    firmware.build(None, board)
    assert not firmware.build(None, board).fresh


@pytest.mark.parametrize("board", BOARDS)
def test_default_firmware_holds_all_packages(board):
    built = firmware.build(None, board)
    held = {module.name for module in built.modules}
    assert {"asyncio.core", "asyncio.lock", "asyncio.stream", "coil", "_boot", "board"} <= held
    shown = ask(built, "import _build, coil; print(_build.MODULES, _build.APP, coil.Lock)")
    assert str(tuple(sorted({n.partition(".")[0] for n in held} | {"_build"}))) in shown
    assert " None <class 'Lock'>" in shown


@pytest.mark.parametrize("board", BOARDS)
def test_flash_of_modules_adds_up(board):
    """No byte of the frozen object file is counted twice or lost."""
    built = firmware.build(None, board)
    sizes = built.frozen_sizes()
    assert sizes.modules.keys() == {m.target for m in built.modules} | {"_build.py"}
    assert all(size > 20 for size in sizes.modules.values())
    assert 0 < sizes.shared < sizes.total / 2
    areas = linkmap.areas(built.map, built.work)
    # The linker merges strings, which then belong to no file, and drops nothing else.
    linked = areas["frozen"].text + areas["frozen"].data
    assert linked <= sizes.total * 1.02
    assert linked + areas["strings"].text >= sizes.total * 0.95
    text, data, bss = built.sections()
    assert {"py", "extmod", "port", "native", "shared"} <= areas.keys()
    for kind, total in (("text", text), ("data", data), ("bss", bss)):
        listed = sum(getattr(area, kind) for area in areas.values())
        assert abs(total - listed) <= total * 0.05 + 512, (kind, total, listed)


def test_firmware_without_packages_fits_its_budget():
    text, _, _ = firmware.build(apps.find("hello"), "mps2").sections()
    assert text <= 300 * 1024


def test_edit_add_and_remove_modules(tmp_path):
    """MicroPython's build looks at time stamps only; ours at what is in the files."""
    app = write(
        tmp_path / "test_edit",
        {"app.py": "import part, other", "part.py": "X = 'one'", "other.py": ""},
    )
    built = firmware.build(app, "mps2")
    assert ask(built, "import part; print(part.X)") == "one\n"
    assert not firmware.build(app, "mps2").fresh

    (app / "part.py").write_text("X = 'two'")
    os.utime(app / "part.py", (1, 1))  # older than what was built from it before
    built = firmware.build(app, "mps2")
    assert built.fresh
    assert ask(built, "import part; print(part.X)") == "two\n"

    (app / "app.py").write_text("import part")
    built = firmware.build(app, "mps2")
    with pytest.raises(BoardException, match="no module named 'other'"):
        ask(built, "import other")

    twin = write(tmp_path / "test_twin", {"app.py": "import part", "part.py": "X = 'twin'"})
    assert ask(firmware.build(twin, "mps2"), "import part; print(part.X)") == "twin\n"
    assert ask(firmware.build(app, "mps2"), "import part; print(part.X)") == "two\n"


def test_settings_reach_the_board(tmp_path):
    app = write(
        tmp_path / "test_settings",
        {
            "start.py": "import part",
            "part.py": "LIMITS = {'samples': (10, 1, 100, 'kept')}\n"
            "def check():\n    assert False\n    return 'no asserts'\n",
            "extra.py": "X = 5",
            "coil.toml": "[app]\nname = 'gauge'\nmain = 'start.py'\ninclude = ['extra']\n"
            "[limits]\nsamples = 20\n[board.host]\nsamples = 30\n",
        },
    )
    code = "import _build, extra; print(_build.APP, _build.LIMITS, extra.X)"
    assert ask(firmware.build(app, "mps2"), code) == "gauge {'samples': 20} 5\n"
    assert ask(firmware.build(app, "host"), code) == "gauge {'samples': 30} 5\n"
    with pytest.raises(BoardException, match='File "part.py", line 3, in check'):
        ask(firmware.build(app, "mps2"), "import part; part.check()")
    built = firmware.build(app, "mps2", overrides=("app.opt=1",))
    assert ask(built, "import part; print(part.check())") == "no asserts\n"


def test_stock_firmware_has_no_native_module():
    code = "import _native"
    ask(firmware.build(None, "mps2"), code)
    with pytest.raises(BoardException, match="no module named '_native'"):
        ask(firmware.build(None, "mps2", native=False), code)


def test_third_party_package(tmp_path, monkeypatch):
    """pip fetches it (here from a folder), the closure takes what is imported of it."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "coil_probe-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("coil_probe/__init__.py", "X = 'probe'\n")
        wheel.writestr("coil_probe/unused.py", "")
        wheel.writestr("coil_probe-1.2.dist-info/METADATA", "Name: coil-probe\nVersion: 1.2\n")
        wheel.writestr("coil_probe-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("coil_probe-1.2.dist-info/RECORD", "")
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(index))):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    toml = "[packages]\ncoil-probe = '==1.2'\n"
    app = write(tmp_path / "test_package", {"app.py": "import coil_probe", "coil.toml": toml})

    # MicroPython itself must still come from the real cache.
    micropython = firmware.source.ensure()
    monkeypatch.setattr(firmware.source, "ensure", lambda: micropython)
    built = firmware.build(app, "mps2")
    assert ask(built, "import coil_probe; print(coil_probe.X)") == "probe\n"
    assert "coil_probe.unused" not in {module.name for module in built.modules}

    [archive] = (tmp_path / "cache").rglob("*.whl")
    archive.write_bytes(archive.read_bytes() + b" ")
    with pytest.raises(Fail, match="has SHA-256"):
        firmware.build(app, "mps2")
    (app / "coil.toml").write_text(toml.replace("1.2", "9.9"))
    with pytest.raises(
        Fail, match=r"could not download coil-probe 9.9 \(coil.toml line 2\)"
    ) as no:
        firmware.build(app, "mps2")
    by_hand = tmp_path / "cache" / "packages" / "coil-probe-9.9"
    assert str(by_hand) in no.value.mend
    by_hand.mkdir()
    shutil.copy(index / "coil_probe-1.2-py3-none-any.whl", by_hand)
    assert "coil_probe" in {module.name for module in firmware.build(app, "mps2").modules}


def test_wrong_list_of_builtin_modules_is_refused(monkeypatch, tmp_path):
    app = write(tmp_path / "test_builtins", {"app.py": ""})
    real = boards.get("mps2")
    wrong = dataclasses.replace(real, builtins=(*set(real.builtins) - {"json"}, "sockets"))
    monkeypatch.setattr(boards, "get", lambda name: wrong)
    with pytest.raises(Fail, match=r"json \(\+\), sockets \(-\)"):
        firmware.build(app, "mps2")


def test_two_builds_at_a_time(tmp_path):
    """The second waits for the first; both end with their own firmware."""
    coil = [sys.executable, "-c", "from coiltools.cli import main; main()", "build", "--no-heap"]
    apps = [write(tmp_path / f"test_pair_{n}", {"app.py": f"X = {n}"}) for n in (1, 2)]
    running = [subprocess.Popen([*coil, str(app)], stdout=subprocess.DEVNULL) for app in apps]
    assert [process.wait(200) for process in running] == [0, 0]
    for n, app in enumerate(apps, 1):
        built = firmware.build(app, "mps2")
        assert not built.fresh
        assert ask(built, "import app; print(app.X)") == f"{n}\n"


def test_build_prints_modules_reasons_and_what_is_left(capsys):
    assert cli.main(["build", "hello"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"coil +\d+ +os +app.py:1 from coil import Pin", shown)
    text = int(re.search(r"firmware text +(\d+)", shown)[1])
    assert int(re.search(r"free flash +(\d+)", shown)[1]) < boards.get("mps2").flash_bytes - text
    assert int(re.search(r"free heap after import +(\d+)", shown)[1]) > 3_000_000


def test_size_shows_the_difference_to_the_last_time(tmp_path, capsys):
    app = write(tmp_path / "test_size", {"app.py": "X = 'a'"})
    assert cli.main(["size", "--app", str(app)]) == 0
    assert re.search(r"frozen app.py +\d+ +0 +0 +\n", capsys.readouterr().out)
    (app / "app.py").write_text("X = 'a'\ndef f(a, b):\n    return a + b\n")
    assert cli.main(["size", "--app", str(app)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"frozen app.py +\d+ +0 +0 +\+\d+", shown)
    assert re.search(r"frozen board.py +\d+ +0 +0 +=", shown)


@pytest.mark.parametrize("board", BOARDS)
def test_application_tests_run_on_the_board(tmp_path, monkeypatch, board, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "test_lamp"]) == 0
    assert cli.main(["test", "test_lamp", "--board", board]) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out
    write(
        tmp_path / "test_lamp/tests",
        {
            "test_more.py": "import asyncio\nimport json\n\n"
            "def test_fails():\n    print('said')\n    assert json.loads('1') == 2\n\n"
            "def test_exits():\n    import sys\n    sys.exit()\n\n"
            "async def test_passes():\n    await asyncio.sleep_ms(1)\n",
            "test_raises.py": "1 / 0\ndef test_never(): pass\n",
            "test_stuck.py": "def test_stuck():\n    while True: pass\n\ndef test_late(): pass\n",
        },
    )
    assert cli.main(["test", "test_lamp", "--board", board, "--timeout", "4"]) == 1
    shown = capsys.readouterr().out
    assert "2 passed, 5 failed" in shown
    assert re.search(r'test_fails FAILED\nsaid\nTraceback.*\n  File "test_more.py", line 6', shown)
    assert "test_exits FAILED" in shown and "test_passes passed" in shown
    assert re.search(r"test_never FAILED\n(.*\n)+ZeroDivisionError", shown)
    assert "test_stuck FAILED\nthe test did not end in time" in shown
    assert "test_late FAILED" in shown


def test_folders_of_one_name_do_not_share_a_firmware(tmp_path):
    """Nor does a name that make or a manifest would take apart matter."""
    first = write(tmp_path / "it's my app", {"app.py": "print('first')"})
    second = write(tmp_path / "below" / "it's my app", {"app.py": "print('second')"})
    built = [firmware.build(app, "mps2") for app in (first, second)]
    for each, said in zip(built, ("first", "second"), strict=True):
        with launch.board(each) as running:
            assert f"\n{said}\n" in running.wait_for_prompt(20)


@pytest.mark.parametrize(
    "source, line",
    [
        (b"x = 1\nmatch x:\n    case 1: pass\n", 2),  # Python's, but not MicroPython's
        (b"x = 1\n\nprint('\xe9')\n", 3),
        (b"# coding: latin-1\nprint('\xe9')\n", 2),
        (b"def f(:\n    pass\n", 1),
    ],
)
def test_source_that_no_board_can_take_is_refused_by_line(tmp_path, source, line):
    app = write(tmp_path / "test_refused", {"app.py": ""})
    (app / "app.py").write_bytes(source)
    with pytest.raises(Fail, match=re.escape(f"{app / 'app.py'}:{line}: ")):
        firmware.build(app, "mps2")


def test_file_that_nothing_imports_may_be_anything(tmp_path):
    files = {"app.py": "", "on_the_pc/make_table.py": "print 'Python 2'"}
    assert firmware.build(write(tmp_path / "test_beside", files), "mps2").image.is_file()


def test_no_tests_is_a_failure(tmp_path):
    app = write(tmp_path / "test_none", {"app.py": ""})
    with pytest.raises(Fail, match="no test is there"):
        list(boardtest.run(app, "host", re.compile(""), 5))


def _members(stub: str) -> list[str]:
    """Dotted names of what a stub declares, private names left out."""
    names = []
    for node in ast.parse((STUBS / stub).read_text()).body:
        name = getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", "_")
        names.append(name)
        for inner in getattr(node, "body", []) if isinstance(node, ast.ClassDef) else []:
            inner_name = getattr(inner, "name", None) or getattr(
                getattr(inner, "target", None), "id", "_"
            )
            names.append(f"{name}.{inner_name}")
    return sorted({n for n in names if not any(p.startswith("_") for p in n.split("."))})


#: Types in C whose attributes only instances have.
INSTANCES = {
    "Strand": "m.Strand(None, None, 1)",
    "Mutex": "m.Mutex()",
    "Queue": "m.Queue(1)",
    "Calls": "m.Calls(1, m.Semaphore(), None)",
    "Place": "m.Calls(1, m.Semaphore(), None).own()",
    "Task": "m.core.Task(None)",
}
#: Decorators that the compiler takes out of the source, and names for type checkers.
NO_ATTRIBUTES = {"native", "viper", "struct_time", "Server"}
CHECK = """
import {module} as m
for name in {names!r}:
    first, *rest = name.split(".")
    try:
        at = eval({instances!r}.get(first, "m." + first))
        for part in rest:
            at = getattr(at, part)
    except AttributeError:
        print(name)
"""


@pytest.mark.parametrize("module", ["machine", "micropython", "time", "asyncio", "_native"])
def test_stubs_promise_only_what_the_board_has(module):
    stub = f"{module}/__init__.pyi" if module == "asyncio" else f"{module}.pyi"
    names = [n for n in _members(stub) if n.partition(".")[0] not in NO_ATTRIBUTES]
    assert len(names) > 8
    code = CHECK.format(module=module, names=names, instances=INSTANCES)
    assert ask(firmware.build(None, "mps2"), code) == ""
