"""`coil build`: build a firmware and say what is inside, why, and what is left."""

import click
from rich.table import Table
from rich.text import Text

from .. import apps, firmware, freeheap
from ..report import out


@click.command()
@click.argument("app", required=False)
@click.option("--board", default="mps2", show_default=True)
@click.option("--include", multiple=True, metavar="MODULE", help="Freeze it in any case.")
@click.option("--all", "everything", is_flag=True, help="Freeze all packages.")
@click.option("--stock", is_flag=True, help="Without boards/native, as stock MicroPython is.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As app.opt=3.")
@click.option("--no-heap", is_flag=True, help="Do not boot the firmware to measure free heap.")
def command(app, board, include, everything, stock, overrides, no_heap):
    """Build APP (a folder or an example) for a board; without APP, all packages and no APP."""
    built = firmware.build(
        apps.find(app),
        board,
        overrides=overrides,
        include=include,
        everything=everything,
        native=not stock,
    )
    sizes = built.frozen_sizes()
    out.print(_modules(built, sizes))
    for note, names in (("optional, absent", built.absent), ("excluded", built.excluded)):
        for name in names:
            out.print(Text(f"{note}: {name}"))
    text, data, bss = built.sections()
    totals = Table(box=None, show_header=False)
    totals.add_column()
    totals.add_column(justify="right")
    totals.add_row("firmware text", f"{text}")
    totals.add_row("  of it frozen", f"{sizes.total}")
    totals.add_row("data, bss", f"{data}, {bss}")
    if limit := built.board.flash_bytes:
        totals.add_row("free flash", f"{limit - text - data}")
    if not no_heap:
        totals.add_row("free heap after import", freeheap.measure(built))
    out.print(totals)
    versions = ", ".join(f"{tool} {version}" for tool, version in built.versions.items())
    state = "built" if built.fresh else "unchanged"
    out.print(f"{built.image} ({state}; {versions})", markup=False, soft_wrap=True)


def _modules(built: firmware.Firmware, sizes) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("module")
    table.add_column("flash", justify="right")
    table.add_column("from")
    table.add_column("pulled in by", overflow="fold")
    for module in built.modules:
        why = Text(module.why, style="yellow" if module.whole else "")
        if module.whole:
            why.append(" -> the whole package")
        table.add_row(module.name, str(sizes.modules[module.target]), module.kind, why)
    build_module = str(sizes.modules["_build.py"])
    table.add_row("_build", build_module, "board", "what this firmware is")
    table.add_row("names and tables", str(sizes.shared), "", "shared by all modules")
    return table
