"""`coil size`: where a firmware's flash and RAM go, and what changed since the last look."""

import click
from rich.table import Table

from .. import apps, firmware, jsonfile, linkmap, paths
from ..report import err, out


@click.command()
@click.option("--board", default="mps2", show_default=True)
@click.option("--app", help="Application: a folder or an example; default: all packages.")
@click.option("--stock", is_flag=True, help="Without boards/native.")
def command(board, app, stock):
    """Show text, data and bss by area and frozen module, and the difference to the last time."""
    built = firmware.build(apps.find(app), board, native=not stock)
    rows = measure(built)
    store = paths.BUILD / "size" / f"{built.board.name}.json"
    history = jsonfile.read(store)
    before = history.get(built.folder.name, {})
    table = Table(box=None, header_style="bold")
    table.add_column("area")
    for title in ("text", "data", "bss", "change"):
        table.add_column(title, justify="right")
    for name, row in rows.items():
        old = before.get(name)
        change = _change(sum(row) - sum(old or [0, 0, 0])) if before else ""
        table.add_row(name, *(str(n) for n in row), change)
    for name in before.keys() - rows.keys():
        table.add_row(name, "0", "0", "0", _change(-sum(before[name])))
    out.print(table)
    history[built.folder.name] = rows
    jsonfile.write(store, history)
    err.print(f"stored in {store}", markup=False, soft_wrap=True)


def measure(built: firmware.Firmware) -> dict[str, list[int]]:
    """Area -> [text, data, bss] in bytes; "total" is what the size tool says."""
    areas = linkmap.areas(built.map, built.work)
    rows = {n: [a.text, a.data, a.bss] for n, a in sorted(areas.items()) if n != "frozen"}
    frozen = built.frozen_sizes()
    for target, size in sorted(frozen.modules.items()):
        rows[f"frozen {target}"] = [size, 0, 0]
    rows["frozen, shared names and tables"] = [frozen.shared, 0, 0]
    total = list(built.sections())
    listed = [sum(row[i] for row in rows.values()) for i in range(3)]
    rows["alignment and stack, less merged strings"] = [
        t - n for t, n in zip(total, listed, strict=True)
    ]
    rows["total"] = total
    return rows


def _change(bytes_: int) -> str:
    return f"{bytes_:+d}" if bytes_ else "="
