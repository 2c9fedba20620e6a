"""`coil boards`: what can be built for."""

import click
from rich.table import Table

from .. import boards
from ..report import out


@click.command()
def command():
    """List the boards."""
    table = Table(box=None, header_style="bold")
    for title in ("board", "also called", "cpu", "flash", "ram", "heap", "what it is"):
        table.add_column(title, justify="right" if title in ("flash", "ram", "heap") else "left")
    for board in boards.all_boards().values():
        sizes = [_size(n) for n in (board.flash_bytes, board.ram_bytes, board.heap_bytes)]
        aliases = ", ".join(board.aliases)
        table.add_row(board.name, aliases, board.cpu, *sizes, board.description)
    out.print(table)


def _size(bytes_: int) -> str:
    """In KB, "-" for no limit of its own."""
    return f"{bytes_ // 1024} KB" if bytes_ else "-"
