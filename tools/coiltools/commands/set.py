"""`coil set`: properties of the devices that are attached to a board."""

import click

from .. import instances, properties
from ..report import Fail, out


@click.command()
@click.argument("device")
@click.argument("assignments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--instance", metavar="NAME", help="Which board, such as mps2-1.")
def command(device, assignments, instance):
    """Change what a DEVICE of a running board is exposed to: coil set i2c0 temperature=42.5

    i2c0 is the first device of coil run --i2c, i2c1 the second one. Without an assignment it shows
    all properties. Temperatures are in degrees Celsius.
    """
    values = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise Fail(f"'{text}' is no assignment.", "for example coil set i2c0 temperature=42.5")
        values[name] = value
    found = properties.change(instances.find(instance), device, values)
    for name in values or found:
        out.print(f"{name}={found.get(name, values.get(name))}", markup=False, soft_wrap=True)
