"""`coil port`: where a running board's console is."""

import click

from .. import instances


@click.command()
@click.option("--instance", metavar="NAME", help="Which board, such as mps2-1.")
def command(instance):
    """Print the console's address for mpremote: mpremote connect $(coil port)."""
    click.echo(instances.find(instance).url)
