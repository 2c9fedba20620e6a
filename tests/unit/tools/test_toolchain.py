"""Tools that are missing, builds that fail, and a real mpy-cross built out of tree."""

import os
import re
import subprocess
import sys
import threading

import pytest
from coiltools import paths, source, toolchain
from coiltools.report import Fail


@pytest.fixture
def makefile(tmp_path, monkeypatch):
    """Return a function that writes a Makefile and returns its folder; logs go to tmp_path."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")

    def write(text: str):
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "Makefile").write_text(text)
        return folder

    return write


@pytest.mark.parametrize(
    "tool, package",
    [
        ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        ("newlib", "libnewlib-arm-none-eabi"),
        ("qemu-system-arm", "qemu-system-arm"),
        ("gdb-multiarch", "gdb-multiarch"),
    ],
)
def test_missing_tool_names_its_package(tool, package, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Fail, match=f"{tool} is missing") as caught:
        toolchain.require(tool)
    assert f"apt-get install {package}" in caught.value.mend


def test_present_tool_is_a_program():
    assert os.access(toolchain.require("arm-none-eabi-gcc"), os.X_OK)
    assert toolchain.require("newlib").name == "libc.a"


def test_version_of_programs():
    assert re.fullmatch(r"\d+\.\d+\.\d+", toolchain.version("arm-none-eabi-gcc"))
    assert re.match(r"\d+\.\d+", toolchain.version("qemu-system-arm"))
    assert re.match(r"\d+\.\d+", toolchain.version("make"))
    assert toolchain.version("/nowhere/qemu-system-arm") is None
    assert toolchain.version("/usr/include/stdio.h") is None


def test_variables_and_targets_reach_make(makefile):
    folder = makefile("one:\n\t@echo one $(COLOUR)\ntwo:\n\t@echo two '$(SHAPE)'\n")
    log = toolchain.make(folder, "one", "two", COLOUR="red", SHAPE="a b")
    assert set(log.read_text().splitlines()) == {"one red", "two a b"}


def test_environment_of_the_user_does_not_change_a_build(makefile, monkeypatch):
    folder = makefile('all:\n\t@echo "$(CFLAGS)|$(BOARD)|$(V)|$(MAKEFLAGS)"; env\n')
    for name, value in {"CFLAGS": "-O9", "BOARD": "x", "V": "1", "MAKEFLAGS": "n"}.items():
        monkeypatch.setenv(name, value)
    text = toolchain.make(folder).read_text()
    assert text.startswith("|||")
    assert "-O9" not in text
    assert "PYTHONDONTWRITEBYTECODE=1" in text


def test_folder_in_any_script_is_fine(tmp_path):
    """What a locale of plain ASCII would refuse: Python reads the .pth files of a venv so."""
    folder = tmp_path / "ünï-项目"
    folder.mkdir()
    (folder / "text").write_text(str(folder))
    read = "print(open('text', encoding='locale').read())"
    (folder / "Makefile").write_text(f'all:\n\t@$(PYTHON) -c "{read}"\n')
    assert toolchain.make(folder).read_text().strip() == str(folder)


@pytest.mark.parametrize("name", ["two words", "it's", "a$b"])
def test_folder_that_make_would_take_apart_is_refused(makefile, tmp_path, name):
    folder = makefile("all:\n\t@echo made\n")
    with pytest.raises(Fail, match="make cannot work with the path"):
        toolchain.make(folder, BUILD=tmp_path / name)
    with pytest.raises(Fail, match="make cannot work with the path"):
        toolchain.make(folder.rename(tmp_path / name))


def test_failed_build_shows_the_first_error_and_the_end(makefile):
    lines = "\\n".join(f"line {n}" for n in range(100))
    folder = makefile(
        f"all:\n\t@echo 'a.c:3:1: error: expected brains'; printf '{lines}\\n'; exit 3\n"
    )
    with pytest.raises(Fail, match=re.escape(str(folder))) as caught:
        toolchain.make(folder)
    assert caught.value.detail.startswith("a.c:3:1: error: expected brains\n...\n")
    assert "line 99" in caught.value.detail
    assert "line 9\n" not in caught.value.detail
    assert "project.log" in caught.value.mend


def test_real_compiler_error_is_shown(makefile):
    folder = makefile("arm:\n\tarm-none-eabi-gcc -c a.c\n")
    (folder / "a.c").write_text("int main(void) { return undeclared; }\n")
    with pytest.raises(Fail) as caught:
        toolchain.make(folder, "arm")
    assert "undeclared" in caught.value.detail


def snapshot(tree):
    return {path: path.stat().st_mtime_ns for path in tree.rglob("*")}


def test_mpy_cross_of_a_checkout_is_built_once_out_of_tree(tmp_path, monkeypatch):
    """Two at once, from a tree that is not ours: that stays untouched, and the result compiles."""
    monkeypatch.setenv("MICROPYTHON_DIR", str(source.ensure().path))
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    tree = source.ensure()
    before = snapshot(tree.path)
    built: list = []
    threads = [
        threading.Thread(target=lambda: built.append(toolchain.mpy_cross(tree))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(built) == 2 and len(set(built)) == 1
    assert snapshot(tree.path) == before

    script = tmp_path / "hello.py"
    script.write_text("print('hello')\n")
    subprocess.run([built[0], str(script)], check=True, timeout=30)
    assert (tmp_path / "hello.mpy").read_bytes()[:2] == b"M\x06"
    # The tag of the repository around the tree must not be taken for MicroPython's.
    assert toolchain.version(built[0]) == tree.version


def test_versions_of_a_measurement():
    found = toolchain.versions()
    assert found["micropython"] == found["mpy-cross"] == source.ensure().version
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"gcc", "host-gcc", "qemu"} <= found.keys()
    assert "unknown" not in found.values()
