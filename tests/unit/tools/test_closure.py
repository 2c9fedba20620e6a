"""The import closure: its rules, its messages, and that it is never too small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from coiltools import boards, closure, paths, plan
from coiltools.report import Fail
from coiltools.roots import Root, Roots
from hypothesis import given, settings
from hypothesis import strategies as st

LAZY = """
_LAZY = {table!r}

def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), {level}), name)
    globals()[name] = value
    return value
"""


def write(folder: Path, files: dict[str, str]):
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def reach(folder: Path, files: dict[str, str], builtins=("sys", "time"), **more):
    write(folder, files)
    roots = Roots([Root(folder, "application")])
    return closure.compute(roots, builtins, {"app": "the application"}, **more)


def names(result) -> set[str]:
    return {module.name for module in result.modules}


PACKAGE = {
    "pkg/__init__.py": LAZY.format(table={"Thread": "thread", "Mutex": "mutex"}, level=1),
    "pkg/thread.py": "import time\nclass Thread: pass\n",
    "pkg/mutex.py": "from . import queue\nclass Mutex: pass\n",
    "pkg/queue.py": "",
}


@pytest.mark.parametrize(
    "app, expected",
    [
        ("import pkg", {"pkg"}),
        ("from pkg import Thread", {"pkg", "pkg.thread"}),
        ("import pkg\npkg.Thread()", {"pkg", "pkg.thread"}),
        ("import pkg as p\ndef f(): return p.Mutex", {"pkg", "pkg.mutex", "pkg.queue"}),
        ("import pkg.queue", {"pkg", "pkg.queue"}),
        ("from pkg.queue import __name__ as x", {"pkg", "pkg.queue"}),
        ("import pkg\ngetattr(pkg, 'Thread')", {"pkg", "pkg.thread"}),
        ("import pkg\ndef f(x: pkg.Thread) -> pkg.Mutex: pass", {"pkg"}),
        ("TYPE_CHECKING = 0\nif TYPE_CHECKING:\n import pkg", set()),
        ("try:\n import pkg\nexcept ImportError:\n import other", {"pkg"}),
        ("try:\n import nothing\nexcept ImportError:\n import pkg", {"pkg"}),
        ("try:\n from sys import x\nexcept ImportError:\n import pkg", {"pkg"}),
    ],
)
def test_reaches_exactly(tmp_path, app, expected):
    result = reach(tmp_path, {"app.py": app, **PACKAGE, "other.py": ""})
    assert names(result) == {"app"} | expected
    assert not any(module.whole for module in result.modules)


@pytest.mark.parametrize(
    "app, reason",
    [
        ("from pkg import *", "app.py:1 from pkg import * (star import)"),
        ("import pkg\nx = pkg", "app.py:2 pkg used as a value"),
        ("import pkg\nn = 'Thread'\ngetattr(pkg, n)", "app.py:3 pkg used as a value"),
        ("import pkg\nexec('pkg.Thread()')", "app.py:2 exec"),
        ("import pkg\neval('pkg.Thread()')", "app.py:2 eval"),
        ("__import__('pkg')", "app.py:1 import pkg (__import__)"),
        ("n = 'thread'\n__import__('pkg.' + n)", "app.py:2 __import__"),
        ("n = 'thread'\n__import__(f'pkg.{n}')", "app.py:2 __import__"),
        ("n = 'thread'\n__import__('pkg.%s' % n)", "app.py:2 __import__"),
        ("n = 'thread'\n__import__('pkg.{}'.format(n))", "app.py:2 __import__"),
        ("n = 'pkg'\n__import__(n)", "app.py:2 __import__"),
    ],
)
def test_takes_the_whole_package_and_says_why(tmp_path, app, reason):
    result = reach(tmp_path, {"app.py": app, **PACKAGE})
    assert names(result) == {"app", "pkg", "pkg.thread", "pkg.mutex", "pkg.queue"}
    assert {m.why for m in result.modules if m.whole} == {reason}


def test_alias_reexported_by_another_module(tmp_path):
    files = {"app.py": "import mine\nmine.pkg.Thread", "mine.py": "import pkg", **PACKAGE}
    assert names(reach(tmp_path, files)) == {"app", "mine", "pkg", "pkg.thread"}
    files["app.py"] = "from mine import *\npkg.Thread"
    assert names(reach(tmp_path, files)) == {"app", "mine", "pkg", "pkg.thread"}


def test_table_of_a_plain_module_leads_through_a_second_table(tmp_path):
    table = LAZY.format(table={"Thread": "pkg", "Mutex": "pkg"}, level=0)
    files = {"app.py": "from oneline import Thread", "oneline.py": table, **PACKAGE}
    assert names(reach(tmp_path, files)) == {"app", "oneline", "pkg", "pkg.thread"}


def test_os_coil_names_one_module_each(tmp_path):
    """`from coil import Lock` costs asyncio.lock and what that needs, nothing beside it."""
    write(
        tmp_path,
        {
            "app.py": "from coil import Lock, Pin",
            "asyncio/__init__.py": LAZY.format(table={"Lock": "lock", "Event": "event"}, level=1),
            "asyncio/lock.py": "class Lock: pass",
            "asyncio/event.py": "class Event: pass",
        },
    )
    roots = Roots([Root(tmp_path, "application"), Root(paths.OS, "os")])
    result = closure.compute(roots, ["machine"], {"app": ""})
    assert names(result) == {"app", "coil", "asyncio", "asyncio.lock"}


def test_include_exclude_and_cycles(tmp_path):
    files = {
        "app.py": "import a",
        "a.py": "import b",
        "b.py": "import a, c",
        "c.py": "",
        **PACKAGE,
    }
    assert names(reach(tmp_path, files)) == {"app", "a", "b", "c"}
    result = reach(tmp_path, files, whole={"pkg": "include"}, exclude=["c"])
    package = {"pkg", "pkg.thread", "pkg.mutex", "pkg.queue"}
    assert names(result) == {"app", "a", "b"} | package
    assert result.excluded == ["c"]


def test_folder_without_init_is_a_package(tmp_path):
    result = reach(tmp_path, {"app.py": "import ns.part", "ns/part.py": ""})
    assert names(result) == {"app", "ns.part"}


def test_limits_of_reached_modules(tmp_path):
    files = {
        "app.py": "import a",
        "a.py": "LIMITS = {'n': (1, 0, 9, 'things')}",
        "b.py": "LIMITS = {'m': (1, 0, 9, 'things')}",
    }
    assert reach(tmp_path, files).limits == {"n": (1, 0, 9, "things")}


@pytest.mark.parametrize(
    "app, parts",
    [
        ("x = 1\nimport tiem", ["app.py:2", "'tiem'", "did you mean 'time'"]),
        ("from pkg import Thred", ["app.py:1", "'Thred' in 'pkg'", "did you mean 'Thread'"]),
        ("import pkg.thraed", ["app.py:1", "'thraed' in 'pkg'", "did you mean 'thread'"]),
        ("def f(:", ["app.py:1"]),
        ("from .. import x", ["app.py:1", "above the top-level package"]),
    ],
)
def test_failures_name_line_and_closest_match(tmp_path, app, parts):
    with pytest.raises(Fail) as failure:
        reach(tmp_path, {"app.py": app, **PACKAGE})
    for part in parts:
        assert part in failure.value.message
    assert failure.value.mend


def test_optional_import_is_listed(tmp_path):
    result = reach(tmp_path, {"app.py": "try:\n import nope\nexcept ImportError:\n pass"})
    assert result.absent == ["nope (app.py:2 import nope)"]


def test_a_driver_takes_its_part_of_the_board_only(tmp_path):
    (tmp_path / "app.py").write_text("from drivers import DigitalOut")
    for board, twin in (("mps2", "_fastpin"), ("host", "_plainpin")):
        made = plan.make(tmp_path, boards.get(board), tmp_path)
        reached = {m.name: m.kind for m in made.closure.modules}
        ours = {name for name in reached if name.startswith(("driver", "pin"))}
        assert ours == {
            *("drivers", "drivers.context", "drivers.digital", "drivers.pins", f"drivers.{twin}"),
            *("driverport", "driverport.context", "driverport.gpio", "pinnames"),
        }
        assert reached["driverport.gpio"] == "board"


@pytest.mark.parametrize("fast, plain", [("_fastsum", "_plainsum"), ("_sumfast", "_sumplain")])
@pytest.mark.parametrize("native", [True, False])
def test_a_fast_module_or_its_twin(tmp_path, fast, plain, native):
    files = {
        "app.py": "import pkg",
        "pkg/__init__.py": f"try:\n from .{fast} import f\n"
        f"except ImportError:\n from .{plain} import f\n",
        f"pkg/{fast}.py": "def f(): pass",
        f"pkg/{plain}.py": "def f(): pass",
    }
    write(tmp_path, files)
    roots = Roots([Root(tmp_path, "application")], native=native)
    result = closure.compute(roots, ("sys",), {"app": "the application"})
    assert names(result) == {"app", "pkg", f"pkg.{fast if native else plain}"}


def test_a_table_that_lies_is_refused(tmp_path):
    bad = LAZY.format(table={"Thread": "mutex"}, level=1)
    with pytest.raises(Fail, match="does not define it"):
        reach(tmp_path, {"app.py": "from pkg import Thread", **PACKAGE, "pkg/__init__.py": bad})


# -- never smaller than what really runs -------------------------------------------------------

MODULES = ["a", "b", "p", "p.x", "p.y", "q", "q.z"]
#: Loaded in a fresh CPython; prints which of our modules it imported.
WATCH = """
import json, sys
sys.path.insert(0, sys.argv[1])
try:
    import app
except (ImportError, AttributeError):
    pass
ours = json.loads(sys.argv[2])
print(json.dumps([name for name in ours if name in sys.modules]))
"""


@st.composite
def statements(draw, module: str):
    """One statement that imports something, in a form the rules cover."""
    target = draw(st.sampled_from([m for m in MODULES if m != module]))
    top, _, leaf = target.partition(".")
    forms = [f"import {target}", f"import {target} as t; t.V", f"from {target} import V as _v"]
    forms += [f"try:\n    import {target}\nexcept ImportError:\n    import a"]
    forms += [f"def f():\n    import {target}\n    return {target}.V\nf()"]
    forms += [f"try:\n    import nope\nexcept ImportError:\n    import {target}"]
    forms += [f"from {target} import *", f"__import__({target!r})"]
    if leaf:
        forms += [f"from {top} import {leaf}", f"from {top} import Lazy_{leaf}"]
        forms += [
            f"import {top}\n{top}.Lazy_{leaf}",
            f"import {top}\ngetattr({top}, 'Lazy_{leaf}')",
        ]
        forms += [f"import {top}\nn = 'Lazy_{leaf}'\ngetattr({top}, n)"]
        forms += [
            f"import {top}\nexec('{top}.Lazy_{leaf}')",
            f"import {top} as k\n[k][0].Lazy_{leaf}",
        ]
        forms += [f"import {top}\nimport {target}\n{target}.V"]
    if module.partition(".")[0] == top and leaf and "." in module:
        forms += [f"from . import {leaf}", f"from .{leaf} import V as _w"]
    return draw(st.sampled_from(forms))


@st.composite
def programs(draw):
    files = {}
    for module in ["app", *MODULES]:
        count = 3 if module == "app" else 2
        body = "\n".join(draw(st.lists(statements(module), max_size=count)))
        leaf = module.rpartition(".")[2]
        package = any(m.startswith(module + ".") for m in MODULES)
        text = f"V = 1\nLazy_{leaf} = 2\n"
        if package:
            inside = [m.rpartition(".")[2] for m in MODULES if m.startswith(module + ".")]
            text += LAZY.format(table={f"Lazy_{n}": n for n in inside}, level=1)
        stem = module.replace(".", "/")
        files[f"{stem}/__init__.py" if package else f"{stem}.py"] = text + body + "\n"
    return files


@settings(max_examples=60, deadline=None)
@given(files=programs())
def test_closure_holds_all_that_a_run_imports(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    result = reach(folder, files)
    command = [sys.executable, "-I", "-c", WATCH, str(folder), json.dumps(MODULES)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout)) <= names(result)
