"""`coil run`: a board on this terminal."""

import contextlib
import itertools
from pathlib import Path

import click

from .. import session
from ..console import Console
from ..devices import SOCKET_NET, USER_NET
from ..pintrace import PinTrace
from ..report import err
from ..terminal import Terminal
from ..watch import Watch


class _Run(click.Command):
    def parse_args(self, ctx, args):
        """`--net` takes the next word only if that is a network: `coil run --net blinky`."""
        for at, (word, following) in enumerate(itertools.pairwise([*args, ""])):
            if word == "--net" and not following.startswith((USER_NET, SOCKET_NET)):
                args = [*args[:at], f"--net={USER_NET}", *args[at + 1 :]]
        return super().parse_args(ctx, args)


@click.command(cls=_Run)
@click.argument("app", required=False)
@click.option("--board", default="mps2", show_default=True, help="Which board; see coil boards.")
@click.option("--heap", metavar="SIZE", help="Heap of the board, such as 90K.")
@click.option(
    "--icount", type=int, metavar="SHIFT", help="Count instructions, 2^SHIFT ns each: runs repeat."
)
@click.option(
    "--net",
    is_flag=False,
    flag_value=USER_NET,
    metavar="[WHERE]",
    help="Connect the Ethernet: to a network in which the host is 10.0.2.2, or to"
    " socket:unix:PATH or socket:tcp:HOST:PORT.",
)
@click.option(
    "--forward", multiple=True, metavar="tcp:HOST:BOARD", help="Forward a port of 127.0.0.1."
)
@click.option("--pcap", type=click.Path(path_type=Path), help="Write all frames to a file.")
@click.option(
    "--i2c", multiple=True, metavar="NAME@ADDRESS", help="Attach a device, such as tmp105@0x48."
)
@click.option(
    "--serial",
    multiple=True,
    metavar="N=WHERE",
    help="Connect UART N (1-4) to tcp:HOST:PORT, unix:PATH, pty or file:PATH.",
)
@click.option("--gdb", is_flag=True, help="Serve a debugger; coil debug uses it.")
@click.option("--format", is_flag=True, help="Erase the board's file system first.")
@click.option(
    "--disk", type=click.Path(path_type=Path), help="The board's 16 MB disk file; made if missing."
)
@click.option("--instance", metavar="NAME", help="Name of this board, such as mps2-2.")
@click.option("--watch", is_flag=True, help="Load the application again when a file changes.")
@click.option(
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Go on from the state in this file, and save it there on leaving.",
)
@click.option(
    "--trace-pins",
    type=click.Path(path_type=Path),
    metavar="FILE.vcd",
    help="Record LEDs and virtual pins, for a waveform viewer.",
)
@click.option(
    "--trace-png", type=click.Path(path_type=Path), help="Draw what they did, on leaving."
)
@click.option("--no-build", is_flag=True, help="Run what was built last.")
@click.option(
    "--image", type=click.Path(path_type=Path), help="Run this firmware instead of building one."
)
@click.option(
    "--exit-after", type=click.FloatRange(min=0), metavar="SECONDS", help="Leave by itself."
)
def command(exit_after, **options):
    """Run APP (a folder or an example; without it, the prompt) on a board.

    The terminal becomes the board's console: Ctrl-C goes to the board, Ctrl-] or Ctrl-X leaves.
    mpremote can borrow the console meanwhile: mpremote connect $(coil port).

    Without a terminal on its input the board runs until the command is ended by a signal or by
    --exit-after; what is piped in goes to the console.
    """
    with session.start(session.Options(**options)) as running:
        terminal = Terminal()
        board, instance = running.board, running.instance
        console = Console(
            board.fd,
            terminal,
            process=board,
            lender=running.lender,
            exit_after=exit_after,
        )
        leave = "Ctrl-] or Ctrl-X leaves, Ctrl-C goes to the board. " * terminal.interactive
        console.notice(f"{instance.instance}: {leave}Free for mpremote at {instance.url}")
        if options["serial"]:
            for number, where in board.serial_ports():
                console.notice(f"UART {number}: {where}")
        with contextlib.ExitStack() as cleanup:
            traced = options["trace_pins"], options["trace_png"]
            if any(traced):
                cleanup.enter_context(PinTrace(board, *traced))
            if running.loader is not None:
                watch = cleanup.enter_context(Watch(running.loader, board))
                console.watch(watch)
            console.run()
        if options["snapshot"] is not None:
            board.save()
    err.print(f"left {instance.instance}", style="dim")
