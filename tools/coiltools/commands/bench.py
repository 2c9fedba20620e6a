"""`coil bench`: what things cost, in executed instructions."""

import click
from rich.table import Table

from .. import bench, boards, firmware, toolchain
from ..report import Fail, out, step


@click.command()
@click.argument("names", nargs=-1)
@click.option("--board", default="mps2", show_default=True)
@click.option("--timeout", default=120.0, show_default=True, help="Seconds for one file.")
@click.option("--stock", is_flag=True, help="Without the native module.")
def command(names: tuple[str, ...], board: str, timeout: float, stock: bool):
    """Run the benchmarks NAMES (files in tests/bench; default all) on the emulated board.

    The results go to build/bench/BOARD.json and are printed beside those of the run before.
    """
    found = boards.get(board)
    if not found.emulated:
        raise Fail(f"board {found.name} cannot count instructions.", "coil bench --board mps2")
    chosen = bench.files(names, native=not stock)
    built = firmware.build(None, found.name, native=not stock)
    key = found.name + ("-stock" if stock else "")
    before = bench.stored(key)
    results = {}
    with bench.formatted_disk(built) as disk:
        for file in chosen:
            with step(f"measuring {file.stem}"):
                results.update(bench.run(file, built, disk, timeout))
    versions = toolchain.versions()
    bench.store(key, results, versions)
    _print(results, before)
    tools = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    out.print(f"{bench.result_file(key)}: {tools}", style="dim")


def _print(results: dict[str, dict], before: dict[str, dict]):
    table = Table()
    table.add_column("benchmark", no_wrap=True)
    for column in ("now", "before", "change"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, values in sorted(results.items()):
        for unit in ("instructions", "bytes", "interrupts"):
            if unit not in values:
                continue
            now, old = values[unit], before.get(name, {}).get(unit)
            change = "" if old is None else "0" if old == now else f"{(now - old) / old:+.1%}"
            label = name if unit == "instructions" else f"{name} ({unit})"
            table.add_row(label, f"{now:,}", "" if old is None else f"{old:,}", change)
    out.print(table)
