"""Dependencies point down only: what is in os/ and boards/ imports what docs and architecture allow.

The order is: protocol packages, then drivers, then security and diag, then rtos, then MicroPython.
"""

import ast
import re
from pathlib import Path

import pytest
from coiltools.paths import BOARDS, OS, ROOT

_PROTOCOLS = {"net", "at", "ble", "lora", "usbdevice", "usbhost", "fs", "update"}
#: package -> packages of ours that it may import besides itself.
_MAY_IMPORT = {
    "rtos": set(),
    "security": {"rtos"},
    "diag": {"rtos"},
    "drivers": {"rtos", "security", "diag"},
    **{name: {"rtos", "security", "diag", "drivers"} for name in _PROTOCOLS},
    # The one-line way in names modules of every layer.
    "coil": {"rtos", "security", "diag", "drivers", *_PROTOCOLS},
}
#: Only these may touch the hardware classes; everybody else is handed objects.
_MAY_IMPORT_MACHINE = {"drivers", "coil"}
#: Only this package knows the board's part of the drivers.
_MAY_IMPORT_DRIVERPORT = {"drivers"}
#: What boards are written for, and so never import: they may use the kernel.
_ABOVE_BOARDS = _MAY_IMPORT.keys() - {"rtos"}


def package_of(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def imports(tree: ast.AST):
    """The top-level names that a module imports, literal lazy tables included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
            if "_LAZY" in names:
                yield from (ast.literal_eval(v).split(".")[0] for v in node.value.values)


def violations(root: Path) -> list[str]:
    found = []
    for path in sorted(root.rglob("*.py")):
        package = package_of(path, root)
        if package not in _MAY_IMPORT:
            found.append(f"{path.relative_to(root)}: package '{package}' has no place in a layer")
            continue
        plain_file = path.parent == root
        for name in set(imports(ast.parse(path.read_text(), str(path)))):
            # In a package a lazy table names its own files; those are not packages.
            ours = name in _MAY_IMPORT and (
                plain_file or not (path.parent / f"{name}.py").exists()
            )
            if ours and name != package and name not in _MAY_IMPORT[package]:
                found.append(f"{path.relative_to(root)}: {package} must not import {name}")
            if name == "machine" and package not in _MAY_IMPORT_MACHINE:
                found.append(f"{path.relative_to(root)}: {package} must not import machine")
            if name == "driverport" and package not in _MAY_IMPORT_DRIVERPORT:
                found.append(f"{path.relative_to(root)}: {package} must not import driverport")
    return found


def violations_of_boards(root: Path) -> list[str]:
    found = []
    for path in sorted(root.rglob("*.py")):
        for name in sorted(_ABOVE_BOARDS.intersection(imports(ast.parse(path.read_text())))):
            found.append(f"{path.relative_to(root)}: a board must not import {name}")
    return found


def test_the_tree_keeps_its_layers():
    assert violations(OS) == []
    assert violations_of_boards(BOARDS) == []


def test_a_violation_of_a_board_is_found(tmp_path):
    path = tmp_path / "driverport" / "gpio.py"
    path.parent.mkdir()
    path.write_text("import rtos\nfrom drivers.pins import claim")
    assert violations_of_boards(tmp_path) == [
        "driverport/gpio.py: a board must not import drivers"
    ]


def table(module: Path) -> dict[str, str]:
    """The lazy table of a package."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_LAZY":
            return ast.literal_eval(node.value)
    raise AssertionError(f"no _LAZY in {module}")


def test_every_driver_port_has_every_name():
    text = (ROOT / "docs/adr/0004-drivers.md").read_text()
    listed = text.partition("## What a driver port offers")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", listed, re.MULTILINE)
    names = {name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    assert {"resolve", "Alarm", "slept_ms"} < names
    ports = sorted(BOARDS.rglob("driverport/__init__.py"))
    assert len(ports) >= 2
    for port in ports:
        assert set(table(port)) == names - {"NAME"}, port
        assert re.search(r"^NAME = |^from board import NAME", port.read_text(), re.MULTILINE), port


@pytest.mark.parametrize(
    "file, text, message",
    [
        ("rtos/kernel.py", "import drivers", "rtos must not import drivers"),
        ("net/tcp.py", "from ble.gatt import x", "net must not import ble"),
        ("net/tcp.py", "def f():\n    import machine", "net must not import machine"),
        ("drivers/pin.py", "import net", "drivers must not import net"),
        ("fs/flash.py", "from driverport import make_pin", "fs must not import driverport"),
        ("mystery/x.py", "", "has no place in a layer"),
    ],
)
def test_a_violation_is_found(tmp_path, file, text, message):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert message in "\n".join(violations(tmp_path))
