"""`coil debug`: gdb on a board."""

import subprocess
from pathlib import Path

import click

from .. import instances, session, toolchain
from ..console import Console
from ..qmp import qmp
from ..report import Fail, err

GDB = "gdb-multiarch"


class _Debugger:
    """gdb in the foreground of this terminal."""

    def __init__(self, gdb: Path, arguments: list[str]):
        self._process = subprocess.Popen([gdb, "-q", *arguments])
        self.pid = self._process.pid

    def ended(self) -> None:
        self._process.wait()

    def wait(self):
        """Wait for gdb's end; Ctrl-C is gdb's."""
        while True:
            try:
                self._process.wait()
                return
            except KeyboardInterrupt:
                continue


@click.command()
@click.argument("app", required=False)
@click.option("--board", default="mps2", show_default=True, help="Which board to start.")
@click.option("--instance", metavar="NAME", help="A running board, such as mps2-1.")
@click.option(
    "--image", type=click.Path(path_type=Path), help="Start this firmware instead of building one."
)
@click.option("--ex", multiple=True, metavar="COMMAND", help="Run a gdb command at the start.")
def command(app, board, instance, image, ex):
    """Debug a running board, or start APP halted at its first instruction.

    A board that runs already is taken unless APP or --image names another firmware. The console
    of a board started here is reached from a second terminal with coil repl.
    """
    gdb = toolchain.require(GDB)
    extra = [part for line in ex for part in ("-ex", line)]
    if instance is not None or (app is None and image is None and instances.running()):
        _attach(gdb, instances.find(instance), extra)
        return
    options = session.Options(app=app, board=board, image=image, gdb=True, paused=True)
    with session.start(options) as running:
        err.print(f"{running.instance.instance} is halted; its console: coil repl")
        debugger = _Debugger(gdb, [str(running.elf), *_target(running.instance.gdb), *extra])
        Console(running.board.fd, None, process=debugger, lender=running.lender).run()


def _target(port: int) -> list[str]:
    return ["-ex", f"target remote 127.0.0.1:{port}"]


def _attach(gdb: Path, board: instances.Instance, extra: list[str]):
    """Debug a board that another process runs."""
    elf = board.image
    if not board.qmp:
        _Debugger(gdb, [elf, "-p", str(board.board_pid), *extra]).wait()
        return
    if not Path(elf).is_file():
        raise Fail(f"the firmware {elf} is gone.", "leave the board and start it again")
    if board.gdb:
        _Debugger(gdb, [elf, *_target(board.gdb), *extra]).wait()
        return
    port = session.free_port()
    with qmp(Path(board.qmp)) as control:
        control.hmp(f"gdbserver tcp:127.0.0.1:{port}")
    try:
        _Debugger(gdb, [elf, *_target(port), *extra]).wait()
    finally:
        with qmp(Path(board.qmp)) as control:
            control.hmp("gdbserver none")
            control.execute("cont")
