"""User files that would hide a module of the firmware, or be hidden by it."""

from pathlib import Path

from . import boards, paths
from .roots import Root, Roots

#: Frozen by every build, beside the packages in `os/`.
_ALWAYS = {"asyncio": "MicroPython's asyncio", "_build": "the build's own description"}


def frozen_names() -> dict[str, str]:
    """Top-level names that belong to the firmware: name -> what it is."""
    names = dict(_ALWAYS)
    folders = [
        paths.BOARDS / "boot",
        *(b.folder / "modules" for b in boards.all_boards().values()),
    ]
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            names[file.stem] = "part of the boot sequence"
        for file in sorted(folder.glob("*/__init__.py")):
            names[file.parent.name] = "part of a board"
    for name in Roots([Root(paths.OS, "os")]).children(""):
        names[name] = "an OS package"
    for board in boards.all_boards().values():
        names |= dict.fromkeys(board.builtins, "a built-in module of MicroPython")
    return names


def conflicts(folder: Path) -> list[str]:
    """One sentence for each file or folder in `folder` that is named like a firmware module."""
    names = frozen_names()
    found = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        python = entry.suffix in (".py", ".mpy") and entry.is_file()
        package = entry.is_dir() and any(entry.glob("*.py"))
        name = entry.stem if python else entry.name
        if (python or package) and name in names:
            found.append(
                f"{entry} is named like '{name}', {names[name]}: rename it, for instance to "
                f"'my_{name.lstrip('_')}'"
            )
    return found
