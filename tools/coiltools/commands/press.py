"""`coil press`: the board's buttons."""

import click

from .. import instances, pins


@click.command()
@click.argument("pin")
@click.option(
    "--ms", type=click.IntRange(0, 3_600_000), default=100, show_default=True, help="Hold time."
)
@click.option("--level", type=click.IntRange(0, 1), help="Set the level and leave it so.")
@click.option("--instance", metavar="NAME", help="Which board, such as mps2-1.")
def command(pin, ms, level, instance):
    """Press PIN of a running board: BUTTON1, BUTTON2 or V0 to V15."""
    chosen = pins.number(pin)
    board = pins.of(instances.find(instance))
    if level is None:
        board.press(chosen, ms)
    else:
        board.set(chosen, level)
