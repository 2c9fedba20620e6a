"""`coil test`: an application's own tests, run on a board."""

import re

import click
from rich.text import Text

from .. import apps, boardtest
from ..report import Fail, out

_STYLE = {"passed": "green", "FAILED": "bold red"}


@click.command()
@click.argument("app", required=False, default=".")
@click.option("--board", default="host", show_default=True)
@click.option("-k", "pattern", default="", help="Only tests whose name matches this expression.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Seconds for one test file.",
)
@click.option("--stock", is_flag=True, help="Without boards/native.")
def command(app, board, pattern, timeout, stock):
    """Run tests/test_*.py of APP (a folder or an example; default: this folder) on a board."""
    failed = passed = 0
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise Fail(f"-k {pattern}: {error}.", "write a regular expression") from None
    for result in boardtest.run(apps.find(app), board, expression, timeout, native=not stock):
        word = "passed" if result.passed else "FAILED"
        out.print(Text(f"{result.file}::{result.name} ").append(word, style=_STYLE[word]))
        if result.detail:
            out.print(Text(result.detail.rstrip()))
        passed += result.passed
        failed += not result.passed
    out.print(f"{passed} passed, {failed} failed", style="green" if not failed else "bold red")
    return int(bool(failed))
