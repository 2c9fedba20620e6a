"""Builds a firmware: application + import closure + board -> image.

`coil build` calls `build`; so does every command that boots a board.  The C objects of a board
are compiled once, in `build/<board>/_make-<MicroPython version>`, and serve all applications; an
application's own folder, `build/<board>/<label>`, holds the image, the map and `firmware.json`.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import __version__, apps, boards, frozen, jsonfile, lockfile, paths, plan, source, toolchain
from .boards import Board
from .closure import Module
from .config import Config
from .plan import Plan
from .report import Fail, step
from .source import Source

#: Folders of the MicroPython tree that a board compiles or generates code with.
_MICROPYTHON_PARTS = ("py", "extmod", "shared", "drivers", "tools", "ports/unix")


@dataclass(frozen=True)
class Firmware:
    """A built firmware.

    app: the application's folder or None.  folder: where the results lie, work: where make ran.
    image: what runs; elf: with symbols; map: the linker's map; frozen_c, frozen_o: the frozen
    modules as C and as object file.
    modules, absent, excluded: see closure.Closure.  versions: tool -> version.
    fresh: True when this call built it, False when nothing had changed.
    """

    board: Board
    app: Path | None
    folder: Path
    work: Path
    modules: tuple[Module, ...]
    absent: tuple[str, ...]
    excluded: tuple[str, ...]
    config: Config
    versions: dict[str, str]
    fresh: bool

    @property
    def image(self) -> Path:
        return self.folder / self.board.image

    @property
    def elf(self) -> Path:
        return self.folder / self.board.elf

    @property
    def map(self) -> Path:
        return self.folder / self.board.map

    @property
    def frozen_o(self) -> Path:
        return self.folder / "frozen_content.o"

    @property
    def frozen_c(self) -> Path:
        return self.folder / "frozen_content.c"

    @property
    def heap_bytes(self) -> int:
        """The heap that coil.toml asks for, 0 = all that the board has."""
        return self.config["heap"]

    def frozen_sizes(self) -> frozen.Sizes:
        """Flash of each frozen module."""
        tools = self.board.nm_tool, self.board.size_tool
        return frozen.measure(self.frozen_c, self.frozen_o, *tools)

    def sections(self) -> tuple[int, int, int]:
        """text, data and bss in bytes."""
        return frozen.sections(self.elf, self.board.size_tool)


def build(
    app: Path | None,
    board: str,
    *,
    overrides: tuple[str, ...] = (),
    include: tuple[str, ...] = (),
    everything: bool = False,
    native: bool = True,
    tests: tuple[Path, ...] = (),
    freeze_app: bool = True,
) -> Firmware:
    """Build what changed and return the firmware.

    app: the application's folder; None = the firmware with all packages and no application.
    overrides: as config.load.  include: module names besides those in coil.toml.
    everything: freeze all packages.  native: False leaves boards/native out.
    tests: files that the firmware must be able to run; their imports are frozen as well.
    freeze_app: False leaves out what plan.modules_to_load() names.
    Raises Fail when the application, its settings or the compiler is at fault.
    """
    chosen = boards.get(board)
    micropython = source.ensure()
    planned = plan.make(
        app,
        chosen,
        micropython.path,
        overrides=overrides,
        include=include,
        everything=everything,
        native=native,
        tests=tests,
        freeze_app=freeze_app,
    )
    name = apps.label(app) + "-tests" * bool(tests) + "-loads" * (not freeze_app)
    return _Build(planned, name, micropython).run()


class _Build:
    """One firmware on its way from plan to image."""

    def __init__(self, planned: Plan, name: str, micropython: Source):
        self.plan = planned
        self.board = board = planned.board
        self.micropython = micropython
        stock = "" if planned.native else "-stock"
        self.name = name + stock
        here = paths.BUILD.resolve() / board.name
        self.folder = here / self.name
        self.work = here / f"_make-{micropython.version}{stock}"
        self.staged = self.folder / "staged"
        self.record = self.folder / "firmware.json"
        self.outputs = {board.image, board.elf, board.map}

    def run(self) -> Firmware:
        lock = self.work.with_name(self.work.name + ".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lockfile.held(lock, f"building for {self.board.name}"):
            self.plan.stage(self.staged)
            cross = toolchain.mpy_cross(self.micropython)
            fingerprint = self.fingerprint(cross)
            versions = self.recorded(fingerprint)
            fresh = versions is None
            if fresh:
                self.record.unlink(missing_ok=True)
                with step(f"building {self.name} for {self.board.name}"):
                    self.make(cross)
                self.check_builtins()
                versions = self.versions()
                jsonfile.write(self.record, {"fingerprint": fingerprint, "versions": versions})
        return Firmware(
            board=self.board,
            app=self.plan.app,
            folder=self.folder,
            work=self.work,
            modules=tuple(self.plan.closure.modules),
            absent=tuple(self.plan.closure.absent),
            excluded=tuple(self.plan.closure.excluded),
            config=self.plan.config,
            versions=versions,
            fresh=fresh,
        )

    # -- has anything changed? -------------------------------------------------------------

    def inputs(self, cross: Path) -> Iterator[Path]:
        """Every file that the image depends on, besides the frozen modules."""
        folders = [self.board.folder, paths.BOARDS / "native"]
        if paths.BUILD not in self.micropython.path.parents:  # a checkout that people edit
            folders += [self.micropython.path / part for part in _MICROPYTHON_PARTS]
        for folder in folders:
            for here, below, files in os.walk(folder):
                below[:] = [name for name in below if name != "__pycache__"]
                yield from (Path(here, name) for name in files)
        yield cross
        if compiler := shutil.which(self.board.compiler):
            yield Path(compiler)

    def fingerprint(self, cross: Path) -> str:
        digest = hashlib.sha256()
        digest.update(self.plan.manifest(self.staged).encode())
        digest.update(self.plan.build_module.encode())
        digest.update(f"{self.micropython} {self.plan.native} {self.board}".encode())
        frozen_files = [module.file for module in self.plan.closure.modules]
        for file in [*sorted(self.inputs(cross)), *frozen_files]:
            stat = file.stat()
            digest.update(f"{file} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def recorded(self, fingerprint: str) -> dict[str, str] | None:
        """The versions of the firmware built from exactly these inputs, None if there is none."""
        record = jsonfile.read(self.record)
        complete = all((self.folder / name).is_file() for name in self.outputs)
        same = complete and record.get("fingerprint") == fingerprint
        return record.get("versions") if same else None

    # -- make ------------------------------------------------------------------------------

    def make(self, cross: Path):
        """Run the board's Makefile and take what it made."""
        manifest = self.folder / "manifest.py"
        manifest.write_text(self.plan.manifest(self.staged))
        self.prepare_work()
        self.forget_stale()
        variables = {
            "BUILD": self.work,
            "MPY_DIR": self.micropython.path,
            "MPY_LIB_DIR": source.mpy_lib_dir(self.micropython),
            "MICROPY_MPYCROSS": cross,
            "MICROPY_MPYCROSS_DEPENDENCY": cross,
            "FROZEN_MANIFEST": manifest,
            "NATIVE": int(self.plan.native),
        }
        if self.board.mpy_arch:
            variables["MPY_CROSS_FLAGS"] = f"-march={self.board.mpy_arch}"
        try:
            toolchain.make(self.board.folder, log=self.folder / "make.log", **variables)
        except Fail as failure:
            raise self.refused_module() or failure from None
        for name in self.outputs:
            shutil.copy2(self.work / name, self.folder / name)
        shutil.copy2(self.work / "frozen_content.c", self.frozen("c"))
        compiled = sorted(self.work.rglob("frozen_content.o"), key=lambda f: f.stat().st_mtime)
        shutil.copy2(compiled[-1], self.frozen("o"))

    def refused_module(self) -> Fail | None:
        """The failure when MicroPython's compiler refused a module that Python's parser took."""
        log = (self.folder / "make.log").read_text(errors="replace")
        said = re.search(r"error compiling (\S+):\n(?:.*\n)*?.* line (\d+).*\n(\w+: .*)", log)
        files = {module.target: module.file for module in self.plan.closure.modules}
        if said is None or said[1] not in files:
            return None
        return Fail(
            f"{files[said[1]]}:{said[2]}: {said[3]}, says MicroPython's compiler",
            "Write it without syntax that is newer than Python 3.6; nothing was built.",
        )

    def frozen(self, kind: str) -> Path:
        return self.folder / f"frozen_content.{kind}"

    def prepare_work(self):
        """Begin anew when the objects come from another source tree or another compiler."""
        compiler = Path(shutil.which(self.board.compiler) or self.board.compiler)
        stamp = compiler.stat().st_mtime_ns if compiler.exists() else 0
        origin = f"{self.micropython.path} {compiler} {stamp}\n"
        file = self.work / "origin"
        if not file.is_file() or file.read_text() != origin:
            shutil.rmtree(self.work, ignore_errors=True)
            self.work.mkdir(parents=True)
            file.write_text(origin)

    def forget_stale(self):
        """Remove frozen code that MicroPython's build would take for current.

        It compares time stamps only, so it misses a module that left, that came from another
        application under the same name, or that changed its optimisation level.
        """
        state_file = self.work / "frozen.json"
        before = jsonfile.read(state_file)
        now = {"_build.py": hashlib.sha256(self.plan.build_module.encode()).hexdigest()}
        for module in self.plan.closure.modules:
            content = hashlib.sha256(module.file.read_bytes()).hexdigest()
            now[module.target] = f"{content} {self.plan.opt(module)} {self.board.mpy_arch}"
        for target in before.keys() | now.keys():
            if before.get(target) != now.get(target):
                stale = self.work / "frozen_mpy" / target
                stale.with_suffix(".mpy").unlink(missing_ok=True)
        if before != now:
            (self.work / "frozen_content.c").unlink(missing_ok=True)
        jsonfile.write(state_file, now)

    def check_builtins(self):
        """Compare board.toml's list of C modules with the firmware's own."""
        generated = (self.work / "genhdr" / "moduledefs.h").read_text()
        present = set(re.findall(r"MP_ROM_QSTR\(MP_QSTR_(\w+)\)", generated))
        known = set(self.board.builtins) - (set() if self.plan.native else {plan.NATIVE})
        if wrong := sorted(present ^ known):
            raise Fail(
                f"{self.board.folder / 'board.toml'}: 'builtins' differs from the firmware in "
                + ", ".join(f"{name} ({'+' if name in present else '-'})" for name in wrong),
                f"Set it to {sorted(present)}.",
            )

    def versions(self) -> dict[str, str]:
        return {
            "coil": __version__,
            "micropython": self.micropython.version,
            "gcc": frozen.tool_output(self.board.compiler, "-dumpfullversion").strip(),
        }
