"""`coil repl`: the prompt of a board that runs in another terminal."""

import socket

import click

from .. import instances
from ..console import Console
from ..report import Fail
from ..terminal import Terminal


@click.command()
@click.option("--instance", metavar="NAME", help="Which board, such as mps2-1.")
def command(instance):
    """Borrow the console of a running board; Ctrl-] or Ctrl-X gives it back."""
    board = instances.find(instance)
    try:
        link = socket.create_connection(("127.0.0.1", board.port), timeout=5)
    except OSError as error:
        raise Fail(
            f"{board.instance} does not lend its console: {error.strerror or error}.",
            "leave it and start it again: make run",
        ) from None
    with link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        console = Console(link.fileno(), Terminal())
        console.notice(f"{board.instance}: Ctrl-] or Ctrl-X leaves, Ctrl-C goes to the board")
        console.run()
