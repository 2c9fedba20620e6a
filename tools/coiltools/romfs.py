"""ROMFS images of an application, for loading a changed one without building a firmware."""

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from .closure import Module
from .report import Fail

#: The first file of each image made here: tells it from one that the user put on the board.
_MARK = "coil-watch"
_MARK_END = 32


def is_ours(head: bytes) -> bool:
    """Whether a ROMFS partition that starts with `head` holds an image from `image()`."""
    return _MARK.encode() in head[:_MARK_END]


HEAD_BYTES = _MARK_END


def image(compiler: "Compiler", modules: Iterable[tuple[Module, int]]) -> bytes:
    """Compile modules into a ROMFS image.

    modules: with mpy-cross' -O level for each.
    Raises Fail with the compiler's message when one does not compile.
    """
    tree: dict = {}
    for module, opt in modules:
        target = Path(module.target).with_suffix(".mpy")
        here = tree
        for part in target.parts[:-1]:
            here = here.setdefault(part, {})
        here[target.name] = compiler.compile(module, opt)
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


class Compiler:
    """mpy-cross, which remembers what it compiled.

    mpy_cross: the program.  arch: its -march=, "" = no native code.
    """

    def __init__(self, mpy_cross: Path, arch: str):
        self._command = [str(mpy_cross), *([f"-march={arch}"] if arch else [])]
        self._done: dict[tuple, bytes] = {}

    def compile(self, module: Module, opt: int) -> bytes:
        """The bytecode of `module`.  Raises Fail when it does not compile."""
        if not module.target.isascii():
            raise Fail(
                f"{module.file}: a file name on the board must be ASCII.", "rename the file"
            )
        stat = module.file.stat()
        key = module.target, module.file, stat.st_mtime_ns, stat.st_size, opt
        if key not in self._done:
            self._done[key] = self._compile(module, opt)
        return self._done[key]

    def _compile(self, module: Module, opt: int) -> bytes:
        with tempfile.TemporaryDirectory(prefix="coil-") as scratch:
            output = Path(scratch) / "module.mpy"
            done = subprocess.run(
                [*self._command, f"-O{opt}", "-s", module.target, "-o", output, module.file],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=30,
            )
            if done.returncode:
                message = f"{module.file} does not compile."
                raise Fail(message, "correct it and save", done.stderr.strip())
            return output.read_bytes()
