"""coil doctor: check everything that the other commands rely on, and say how to mend it."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import health, report

MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "bad": ("bad", "bold red")}
LOG_WIDTH = 200


@click.command()
@click.argument(
    "folder",
    default=".",
    type=click.Path(path_type=Path),
)
def command(folder: Path) -> int:
    """Check this machine, this clone, and the application in FOLDER.

    Ends with status 1 if something is missing that a build or a run needs.
    """
    if not folder.is_dir():
        known = [str(entry) for entry in sorted(folder.parent.glob("*/")) if entry.is_dir()]
        raise report.unknown("folder", str(folder), known)
    findings = list(health.examine(folder))
    # A log has no width to respect, and a command must not be cut in the middle.
    console = report.out if report.out.is_terminal else Console(width=LOG_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "what", "found", "to mend"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.state]
        table.add_row(
            Text(mark, style), Text(finding.what), Text(finding.found), Text(finding.mend)
        )
    console.print(table)
    bad = sum(finding.state == "bad" for finding in findings)
    if bad:
        report.err.print(f"{bad} to mend", style="bold red")
    return 1 if bad else 0
