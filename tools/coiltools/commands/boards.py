"""`coil boards`: what can be built for."""

import click
from rich.table import Table

from .. import boards
from ..report import out


@click.command()
def command():
    """List the boards."""
    table = Table(box=None, header_style="bold")
    for title in ("board", "cpu", "also called", "what it is"):
        table.add_column(title)
    for board in boards.all_boards().values():
        table.add_row(board.name, board.cpu, ", ".join(board.aliases), board.description)
    out.print(table)
