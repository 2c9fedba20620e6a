"""ROMFS images of an application, for loading a changed one without building a firmware."""

import subprocess
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from .report import Fail

#: The first file of each image made here: tells it from one that the user put on the board.
_MARK = "coil-watch"
_MARK_END = 32


def is_ours(head: bytes) -> bool:
    """Whether a ROMFS partition that starts with `head` holds an image from `image()`."""
    return _MARK.encode() in head[:_MARK_END]


HEAD_BYTES = _MARK_END


def sources(folder: Path) -> list[Path]:
    """The application's modules: all .py files below `folder`, tests and hidden folders left out."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "_")) and entry.name != "__init__.py":
            continue
        if entry.is_dir() and entry.name not in ("tests", "build", "typings"):
            found += sources(entry)
        elif entry.suffix == ".py" and not entry.name.startswith("test_"):
            found.append(entry)
    return found


def image(folder: Path, main: str, mpy_cross: Path, arch: str, scratch: Path) -> bytes:
    """Compile the application in `folder` into a ROMFS image.

    main: its main file, which becomes app.mpy.
    arch: mpy-cross' -march=, "" = no native code.
    scratch: a folder for temporary files.
    Raises Fail with the compiler's message when a file does not compile.
    """
    tree: dict = {}
    for file in sources(folder):
        place = file.relative_to(folder)
        target = Path("app.mpy") if str(place) == main else place.with_suffix(".mpy")
        here = tree
        for part in target.parts[:-1]:
            here = here.setdefault(part, {})
        here[target.name] = _compile(file, place, mpy_cross, arch, scratch)
    if "app.mpy" not in tree:
        raise Fail(
            f"{folder / main} is not there.", f"write it, or set main in {folder}/coil.toml"
        )
    writer = VfsRomWriter()
    writer.mkfile(_MARK, b"")
    _add(writer, tree)
    return writer.finalise()


def _add(writer: VfsRomWriter, tree: dict):
    for name, content in sorted(tree.items()):
        if isinstance(content, dict):
            writer.opendir(name)
            _add(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)


def _compile(file: Path, place: Path, mpy_cross: Path, arch: str, scratch: Path) -> bytes:
    if not str(place).isascii():
        raise Fail(f"{file}: a file name on the board must be ASCII.", "rename the file")
    output = scratch / "module.mpy"
    march = [f"-march={arch}"] if arch else []
    done = subprocess.run(
        [mpy_cross, *march, "-s", str(place), "-o", output, file],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    if done.returncode:
        raise Fail(f"{file} does not compile.", "correct it and save", done.stderr.strip())
    return output.read_bytes()
