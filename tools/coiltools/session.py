"""Starts a board for `coil run` and `coil debug`: firmware, disk, name, emulator, lender."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import apps, boards, hostpage, paths, plan, romfs
from .config import HEAP_MIN, size
from .devices import Network, check_place
from .emulator import Emulator
from .hostboard import HostBoard
from .instances import Claim, Instance
from .lender import Lender
from .report import Fail
from .runningboard import RunningBoard
from .watch import Loader

#: QEMU's largest -icount shift.
_SHIFT_MAX = 10


@dataclass
class Options:
    """What the user asked for; the names are the command line's."""

    app: str | None = None
    board: str = "mps2"
    image: Path | None = None
    no_build: bool = False
    heap: str | None = None
    icount: int | None = None
    net: str | None = None
    forward: tuple[str, ...] = ()
    pcap: Path | None = None
    i2c: tuple[str, ...] = ()
    serial: tuple[str, ...] = ()
    gdb: bool = False
    paused: bool = False
    format: bool = False
    disk: Path | None = None
    instance: str | None = None
    watch: bool = False
    snapshot: Path | None = None
    trace_pins: Path | None = None
    trace_png: Path | None = None


@dataclass
class Session:
    """A board that runs, and what belongs to it."""

    board: RunningBoard
    instance: Instance
    lender: Lender
    loader: Loader | None
    elf: Path
    resumed: bool = False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def start(options: Options) -> Iterator[Session]:
    """Build the firmware if need be and run it until the `with` block is left.

    Raises Fail for everything the user can mend.
    """
    kind = boards.get(options.board)
    folder = apps.find(options.app)
    _check(options, kind, folder)
    image, elf, default_heap = _firmware(options, kind, folder)
    loader = Loader(folder, kind) if options.watch else None
    rom = loader.image() if loader is not None else b""
    with contextlib.ExitStack() as cleanup:
        claim = cleanup.enter_context(Claim(kind.name, options.instance))
        disk = options.disk or paths.BUILD / "disks" / f"{claim.name}.img"
        flags = hostpage.PREFER_ROM if options.watch else 0
        if options.format:
            flags |= hostpage.FORMAT
        if options.trace_pins or options.trace_png:
            flags |= hostpage.TRACE
        board_options = {
            "disk": disk,
            "directory": claim.directory,
            "heap": default_heap if options.heap is None else size(options.heap),
            "flags": flags,
        }
        gdb = free_port() if options.gdb else 0
        if kind.emulated:
            board = Emulator(image, **board_options, **_emulation(options), gdb=gdb)
        else:
            board = HostBoard(image, **board_options, i2c=options.i2c)
        cleanup.callback(board.close)
        _prepare_romfs(board, options, rom)
        resumed = options.snapshot is not None and options.snapshot.exists()
        board.start()
        if resumed:
            board.load()
        if loader is not None:
            # A later start without --watch must not run what was loaded now.
            cleanup.callback(_forget_romfs, board)
        lender = Lender()
        cleanup.callback(lender.close)
        instance = Instance(
            instance=claim.name,
            board=kind.name,
            app=None if folder is None else folder.name,
            image=str(image),
            disk=str(disk.resolve()),
            directory=str(claim.directory),
            board_pid=board.pid,
            port=lender.port,
            qmp=str(board.qmp_path) if kind.emulated else "",
            qtest=str(board.qtest or ""),
            gdb=gdb,
        )
        claim.publish(instance)

        def moved():
            instance.board_pid = board.pid
            claim.publish(instance)

        board.on_launch = moved
        yield Session(board, instance, lender, loader, elf, resumed)


def _check(options: Options, kind: boards.Board, folder: Path | None):
    """Refuse what does not go together before anything is built."""
    if options.watch and folder is None:
        raise Fail("--watch needs an application to watch.", "coil run APP --watch")
    for name in ("trace_pins", "trace_png"):
        if (path := getattr(options, name)) is not None:
            check_place(f"--{name.replace('_', '-')}", path)
    if options.forward and not options.net or options.pcap and not options.net:
        raise Fail("--forward and --pcap need a network.", "add --net")
    if options.icount is not None and not 0 <= options.icount <= _SHIFT_MAX:
        raise Fail(
            f"--icount {options.icount}: the shift must be 0 .. {_SHIFT_MAX}.",
            "6 measures instructions, 5 is about a 25 MHz chip",
        )
    if options.heap is not None:
        try:
            heap = size(options.heap)
        except ValueError:
            raise Fail(f"--heap {options.heap}: not a size.", "for example --heap 90K") from None
        if heap < HEAP_MIN or kind.ram_bytes and heap > kind.ram_bytes:
            most = f" .. {kind.ram_bytes >> 10}K" if kind.ram_bytes else " or more"
            raise Fail(
                f"--heap {options.heap}: board {kind.name} takes {HEAP_MIN >> 10}K{most}.",
                "choose another size, or leave --heap out for the board's default",
            )
    if not kind.emulated:
        for name in ("icount", "net", "serial", "gdb", "snapshot"):
            value = getattr(options, name)
            if value is not None and value is not False and value != ():
                raise Fail(
                    f"--{name}: board {kind.name} is no emulated board.",
                    f"leave out --{name}, or use --board mps2",
                )


def _firmware(options: Options, kind: boards.Board, folder: Path | None):
    """The image to run, its ELF file, the heap that coil.toml asks for."""
    if options.image is not None:
        if not options.image.is_file():
            raise Fail(f"there is no firmware {options.image}.", "coil build")
        with options.image.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                raise Fail(f"{options.image} is no firmware: not an ELF file.", "coil build")
        return options.image, options.image, 0
    if options.no_build:
        built = paths.BUILD / kind.name / apps.label(folder)
        image = built / kind.image
        if not image.is_file():
            raise Fail(f"{image} has not been built.", "leave out --no-build")
        settings, _ = plan.settings(folder, kind.name)
        return image, built / kind.elf, settings["heap"]
    from . import firmware  # building needs the whole tool chain; --image does not

    # A watched application is loaded beside the firmware, and may start to import anything.
    more = {"everything": True, "freeze_app": False} if options.watch else {}
    made = firmware.build(folder, kind.name, **more)
    return made.image, made.elf, made.heap_bytes


def _emulation(options: Options) -> dict:
    """The options that only an emulated board has."""
    return {
        "icount": options.icount,
        "i2c": options.i2c,
        "serial": options.serial,
        "network": options.net and Network(list(options.forward), options.pcap, options.net),
        "paused": options.paused,
        "snapshot": options.snapshot,
    }


def _prepare_romfs(board: RunningBoard, options: Options, rom: bytes):
    left = romfs.is_ours(board.disk.romfs(romfs.HEAD_BYTES))
    if rom:
        board.disk.write_romfs(rom)
    elif options.format or left:
        board.disk.clear_romfs()


def _forget_romfs(board: RunningBoard):
    board.stop()
    board.disk.clear_romfs()
