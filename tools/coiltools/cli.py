"""The `coil` command: finds the commands in `commands/` and reports failures."""

import errno
import importlib
import os
import pkgutil
import sys

import click

from . import __version__, commands
from .report import Fail, unknown

_FULL = (errno.ENOSPC, errno.EDQUOT)


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


def _open_standard_files():
    """Open what the caller closed (`coil run <&-`), so that no file of ours gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            fd = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(fd, "w" if number else "r"))


def _wrong_option(error: click.NoSuchOption) -> Fail:
    """The failure for an option that does not exist, with those of the command."""
    known = [name for option in error.ctx.command.params for name in option.opts]
    options = [name for name in [*known, "--help"] if name.startswith("-")]
    path = error.ctx.command_path
    return unknown("option", error.option_name, options, f"{path} --help")


def main(argv: list[str] | None = None) -> int:
    if argv is None:
        _open_standard_files()
    try:
        status = cli.main(args=argv, prog_name="coil", standalone_mode=False)
        code = status if isinstance(status, int) else 0
    except Fail as failure:
        failure.show()
        code = 1
    except click.NoSuchOption as error:
        _wrong_option(error).show()
        code = 2
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:  # `coil build | head`: what is left has no reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        if error.filename is None and error.errno not in _FULL:  # a bug, not the disk's state
            raise
        place = f"{error.filename}: " if error.filename else ""
        Fail(
            f"{place}{error.strerror}",
            "see that the folder exists, can be written and has room; coil doctor looks at them",
        ).show()
        code = 1
    except (KeyboardInterrupt, click.Abort):
        code = 130
    if argv is None:
        sys.exit(code)
    return code
