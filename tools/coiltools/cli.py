"""The `coil` command: finds the commands in `commands/` and reports failures."""

import importlib
import pkgutil
import sys

import click

from . import __version__, commands
from .report import Fail, unknown


class Commands(click.Group):
    """Loads a command's file only when it is used, so that `coil port` starts quickly."""

    def list_commands(self, ctx):
        return sorted(m.name for m in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx, name):
        if name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"{commands.__name__}.{name}").command

    def resolve_command(self, ctx, args):
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise unknown("command", args[0], self.list_commands(ctx), "coil --help")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="coil")
def cli():
    """Build, run and measure Coil OS applications."""


def main(argv: list[str] | None = None) -> int:
    try:
        status = cli.main(args=argv, prog_name="coil", standalone_mode=False)
        code = status if isinstance(status, int) else 0
    except Fail as failure:
        failure.show()
        code = 1
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = 130
    if argv is None:
        sys.exit(code)
    return code
