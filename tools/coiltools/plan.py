"""What goes into a firmware: an application's settings and import closure, as a manifest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import __version__, boards, closure, config, imports, paths, shadow, thirdparty
from .boards import Board
from .closure import Closure, Module
from .config import Config, Limit
from .report import Fail
from .roots import Root, Roots

#: mpy-cross -O level of MicroPython's own asyncio, as in its manifest, and the least of the OS.
_ASYNCIO_OPT = 3
_OS_OPT = 1
#: Kinds of modules that belong to one application; the others are the system's.
LOADABLE = ("application", "package")
#: The C module that boards/native adds to every board.
NATIVE = "_native"


@dataclass(frozen=True)
class Plan:
    """The modules of a firmware and how to freeze them.

    app: the application's folder or None.  native: with boards/native.  build_module: source text of `_build.py`.
    """

    app: Path | None
    board: Board
    native: bool
    config: Config
    closure: Closure
    build_module: str

    def opt(self, module: Module) -> int:
        """mpy-cross' optimisation level for `module`."""
        if module.kind == "micropython":
            return _ASYNCIO_OPT
        own = self.config["opt"]
        return own if module.kind in LOADABLE else max(own, _OS_OPT)

    def manifest(self, staged: Path) -> str:
        """The manifest for MicroPython's build.

        staged: a folder for `_build.py` and for files that are frozen under another name.
        """
        lines = [f"module('_build.py', base_path={str(staged)!r}, opt=3)\n"]
        for module in self.closure.modules:
            base = str(module.file).removesuffix(module.target)
            if base == str(module.file):
                base = str(staged)
            lines.append(
                f"module({module.target!r}, base_path={base!r}, opt={self.opt(module)})\n"
            )
        return "".join(lines)

    def stage(self, staged: Path):
        """Write what `manifest` expects in `staged`; unchanged files keep their time stamps."""
        staged.mkdir(parents=True, exist_ok=True)
        files = {"_build.py": self.build_module.encode()}
        for module in self.closure.modules:
            if not str(module.file).endswith(module.target):
                files[module.target] = module.file.read_bytes()
        for name, content in files.items():
            file = staged / name
            if not file.is_file() or file.read_bytes() != content:
                file.write_bytes(content)


def make(
    app: Path | None,
    board: Board,
    micropython: Path,
    *,
    overrides: tuple[str, ...] = (),
    include: tuple[str, ...] = (),
    everything: bool = False,
    native: bool = True,
    tests: tuple[Path, ...] = (),
    freeze_app: bool = True,
) -> Plan:
    """Decide what the firmware of `app` on `board` holds.

    micropython: the MicroPython source, for asyncio.  The rest as in firmware.build.
    Raises Fail for wrong settings, unresolved imports and names that belong to the firmware.
    """
    if app is not None and (clashes := shadow.conflicts(app)):
        raise Fail(
            "files of the application are named like modules of the firmware:\n  "
            + "\n  ".join(clashes),
            "Rename them; nothing was built.",
        )
    chosen, _ = settings(app, board.name, overrides)
    roots = _roots(app, board, micropython, chosen, tests)
    start, whole = _start(app, board, chosen, include)
    start |= {file.stem: "coil test" for file in tests}
    if everything or app is None:
        whole |= dict.fromkeys(Roots([_os_root()]).children(""), "all packages")
        own = board.folder.glob("modules/*/__init__.py")  # host: the simulation, at the prompt too
        whole |= {file.parent.name: "all packages" for file in sorted(own)}
        whole["asyncio"] = "all packages"
    native = native and chosen["native"]
    builtins = {*board.builtins, "_build"} - (set() if native else {NATIVE})
    found = closure.compute(roots, builtins, start, whole, exclude=chosen["exclude"])
    left_out = {"test"} if freeze_app else {"test", *LOADABLE}  # sent over, not frozen
    found.modules = [m for m in found.modules if m.kind not in left_out]
    limits = {name: v.value for name, v in chosen.limits.items() if name in found.limits}
    return Plan(app, board, native, chosen, found, _build_module(board, chosen, found, limits))


def settings(
    app: Path | None, board: str, overrides: tuple[str, ...] = ()
) -> tuple[Config, dict[str, Limit]]:
    """The settings of `app` on `board` and the limits that it may set.  Raises Fail."""
    declared = _declared(app)
    name = boards.get(board).name
    return config.load(app, name, limits=declared, overrides=overrides), declared


def _os_root() -> Root:
    return Root(paths.OS, "os")


def _roots(
    app: Path | None,
    board: Board,
    micropython: Path,
    settings: Config,
    tests: tuple[Path, ...],
) -> Roots:
    roots = [
        Root(paths.BOARDS / "boot", "board"),
        Root(board.folder / "modules", "board"),
        _os_root(),
        # The C module _asyncio takes the place of asyncio/task.py.
        Root(
            micropython / "extmod",
            "micropython",
            frozenset({"asyncio"}),
            frozenset({"asyncio.task", "asyncio.uasyncio", "asyncio.manifest"}),
        ),
    ]
    aliases = {file.stem: (file, "test") for file in tests}
    if app is not None:
        main = app / settings["main"]
        if not main.is_file():
            raise Fail(
                f"{app} has no {settings['main']}",
                f"Write it, or set main under [app] in {app / config.FILE}.",
            )
        aliases["app"] = (main, "application")
        roots.append(Root(app, "application"))
    for name, value in settings.packages.items():
        version, digest = value.value
        roots.append(Root(thirdparty.fetch(name, version, digest, value.origin), "package"))
    return Roots(roots, aliases, native=bool(board.mpy_arch))


def modules_to_load(app: Path, board: Board, micropython: Path) -> Iterator[tuple[Module, int]]:
    """What a firmware that was made with freeze_app=False needs besides, and the -O level."""
    planned = make(app, board, micropython, everything=True)
    for module in planned.closure.modules:
        if module.kind in LOADABLE:
            yield module, planned.opt(module)


def _start(app: Path | None, board: Board, settings: Config, include: Iterable[str]):
    """The modules that are in whatever is imported: name -> why."""
    start = {"app": "the application"} if app is not None else {}
    # The boot folder also serves modules that are frozen only when something imports them.
    for folder, names in ((paths.BOARDS / "boot", "_*.py"), (board.folder / "modules", "*.py")):
        start |= {file.stem: "boot" for file in sorted(folder.glob(names))}
    whole = dict.fromkeys(settings["include"], f"include ({settings.app['include'].origin})")
    whole |= dict.fromkeys(include, "--include")
    return start, whole


def _declared(app: Path | None) -> dict[str, Limit]:
    """The limits that the OS packages and the application declare."""
    roots = Roots([_os_root()] + ([Root(app, "application")] if app else []))
    declared: dict[str, Limit] = {}
    for name in roots.below(""):
        found = roots.find(name)
        try:
            limits = imports.read(found.file).limits
        except Fail:
            continue  # perhaps a tool for the host; if an import reaches it, that will tell
        for limit, value in limits.items():
            try:
                default, low, high, meaning = value
                sound = low <= default <= high
            except (TypeError, ValueError):
                sound = False
            if not sound:
                raise Fail(
                    f"{found.file}: LIMITS['{limit}'] must be (default, low, high, 'meaning')",
                    "Correct the declaration.",
                )
            declared[limit] = Limit(default, low, high, meaning)
    return declared


def _build_module(board: Board, settings: Config, found: Closure, limits: dict[str, int]) -> str:
    app = settings["name"] if settings.folder else None
    names = sorted({m.name.partition(".")[0] for m in found.modules} | {"_build"})
    return (
        f"VERSION = {__version__!r}\nBOARD = {board.name!r}\nAPP = {app!r}\n"
        f"MODULES = {tuple(names)!r}\nLIMITS = {limits!r}\n"
    )
