"""What the user sees: progress, results and failures that say how to mend them."""

import difflib
import sys
from collections.abc import Iterable
from contextlib import contextmanager

from rich.console import Console

#: Progress and messages go to stderr, so that `$(coil port)` and pipes stay clean.
err = Console(stderr=True, highlight=False)
out = Console(highlight=False)


class Fail(Exception):
    """A failure that the user can act on.

    message: what went wrong, one sentence.
    mend: the command or action that puts it right, or "".
    detail: the tail of a tool's output, or "".
    """

    def __init__(self, message: str, mend: str = "", detail: str = ""):
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.detail = detail

    def show(self):
        if self.detail:
            err.print(self.detail.rstrip(), style="dim", markup=False, soft_wrap=True)
        # Not wrapped: what mends it is there to be copied.
        err.print(f"[bold red]failed:[/] {_escape(self.message)}", soft_wrap=True)
        if self.mend:
            err.print(f"[bold]to mend:[/] {_escape(self.mend)}", soft_wrap=True)


def _escape(text: str) -> str:
    return text.replace("[", "\\[")


def unknown(kind: str, name: str, known: Iterable[str], mend: str = "") -> Fail:
    """The failure for a name that does not exist: names the closest match and lists all."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"; did you mean '{close[0]}'?" if close else "."
    listed = ", ".join(known) if known else "none"
    return Fail(f"no {kind} '{name}'{hint} Known: {listed}.", mend)


@contextmanager
def step(text: str):
    """Show a spinner (a terminal) or a line (a log) while the body runs."""
    if sys.stderr.isatty():
        with err.status(text):
            yield
        err.print(f"[green]✓[/] {_escape(text)}", soft_wrap=True)
    else:
        err.print(f"- {_escape(text)}", soft_wrap=True)
        yield
