"""`coil config`: each setting of an application, its value, and who set it."""

import click
from rich.markup import escape
from rich.table import Table

from .. import apps, config, plan
from ..report import out


@click.command()
@click.argument("app", required=False)
@click.option("--board", default="mps2", show_default=True, help="Whose overrides apply.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As app.opt=3.")
def command(app, board, overrides):
    """Show the settings of APP (a folder or an example; default: this folder) and their origin."""
    folder = apps.find(app or ".")
    settings, declared = plan.settings(folder, board, overrides)
    table = Table(box=None, header_style="bold")
    for title in ("key", "value", "set by", "meaning"):
        table.add_column(title, overflow="fold")
    for name, value in settings.app.items():
        origin = escape(value.origin)
        table.add_row(f"app.{name}", _text(value.value), origin, config.KEYS[name].help)
    for name, value in settings.limits.items():
        limit = declared[name]
        meaning = f"{limit.help} ({limit.low} to {limit.high})"
        table.add_row(f"limits.{name}", str(value.value), escape(value.origin), meaning)
    for name, value in settings.packages.items():
        table.add_row(f"packages.{name}", value.value[0], value.origin, "third-party package")
    out.print(table)


def _text(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return escape(", ".join(value)) or "-"
    return escape(str(value))
