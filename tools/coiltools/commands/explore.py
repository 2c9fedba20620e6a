"""`coil explore`: a scenario, preempted at each of its branches."""

import random
from pathlib import Path

import click
from rich.text import Text

from .. import explore
from ..report import Fail, out


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--stock", is_flag=True, help="Without boards/native: the kernel's core in Python.")
@click.option(
    "--runs",
    type=click.IntRange(min=0),
    default=0,
    help="Random schedules of several events, played after those of one.",
)
@click.option("--pairs", is_flag=True, help="All schedules of two events; may take long.")
@click.option("--seed", type=int, help="Of the random schedules; otherwise a new one, printed.")
@click.option("--replay", metavar="SCHEDULE", help="Play one schedule, such as 12:tick+40:alarm.")
@click.option("--timeout", default=20.0, show_default=True, help="Seconds for one schedule.")
def command(file, stock, runs, pairs, seed, replay, timeout):
    """Play the scenario FILE on board host, preempted at each branch by each of its events.

    What fails is shrunk to its simplest schedule and printed with the command that repeats it.
    """
    if not file.is_file():
        raise Fail(f"there is no file {file}.", "coil explore FILE.py; docs/explore.md")
    explorer = explore.Explorer(file, native=not stock, timeout_s=timeout)
    if replay:
        report = explorer.replay(explore.parse(replay))
    else:
        report = explorer.singles()
        if pairs and report.failure is None:
            report = explorer.pairs()
        if runs and report.failure is None:
            if seed is None:
                seed = random.getrandbits(30)
            out.print(f"random schedules: --seed {seed}")
            report = explorer.sample(seed, runs)
    _print(report, file, stock)
    return int(report.failure is not None)


def _print(report: explore.Report, file: Path, stock: bool):
    where = "stock" if stock else "native"
    out.print(
        f"{file.name}, {where}: {report.branches} branches, {report.runs} schedules played, "
        f"events at {report.places} places of the source",
        soft_wrap=True,
    )
    failure = report.failure
    if failure is None:
        out.print("none fails", style="green")
        return
    schedule = explore.name(failure.schedule)
    out.print(Text("FAILED ", style="bold red").append(schedule))
    for (branch, event), place in zip(failure.schedule, failure.places, strict=False):
        out.print(f"  at branch {branch}, before {place}: {event}", markup=False, soft_wrap=True)
    out.print(Text(failure.said.rstrip()), soft_wrap=True)
    if failure.repeats:
        option = " --stock" * stock
        out.print(f"to repeat: coil explore {file}{option} --replay {schedule}", soft_wrap=True)
    else:
        out.print(
            "A fresh board does not fail with it: the runs before have left something behind."
        )
