"""`coil fs`: images of file systems and stores, and how they get onto boards and back."""

import sys
from pathlib import Path

import click

from .. import boardvolume, config, portvolume, storage, wear
from ..report import Fail, err, out, step, unknown
from ..storage.image import extract as extract_all
from ..storage.image import shown
from ..storage.source import Medium

_IMAGE = click.argument("image", type=click.Path(path_type=Path))
_INSTANCE = click.option("--instance", metavar="NAME", help="Which board, such as mps2-1.")
_PORT = click.option(
    "--port", help="A real board's port, such as /dev/ttyACM0, or what coil port says."
)
_DISK = click.option(
    "--disk", type=click.Path(path_type=Path), help="The disk file of a board that is stopped."
)


class _Size(click.ParamType):
    name = "size"

    def convert(self, value, param, ctx):
        try:
            return config.size(value)
        except ValueError:
            self.fail(f"'{value}' is no size; write 8M, 64K or a number of bytes", param, ctx)


class _Commands(click.Group):
    def resolve_command(self, ctx, args):
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise unknown("command of coil fs", args[0], self.commands, "coil fs --help")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands)
def command():
    """Make, list, read and check images of littlefs, FAT, key-value stores and record logs; move
    volumes to and from boards.
    """


def _options(function):
    """Options of the commands that read an image."""
    block = click.option("--block-size", type=_Size(), metavar="SIZE", help="Instead of looking.")
    kind = click.option(
        "--kind", type=click.Choice(storage.KINDS), help="What it is, instead of looking."
    )
    return kind(block(function))


@command.command()
@_IMAGE
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER_OR_JSON")
@click.option("--kind", type=click.Choice(storage.MADE), required=True)
@click.option("--size", type=_Size(), required=True, metavar="SIZE", help="Such as 8M or 64K.")
@click.option("--block-size", type=_Size(), metavar="SIZE", help="Erase block, or sector of FAT.")
@click.option("--program-size", type=click.IntRange(1, 4096), help="Of the device, for kv: 1.")
@click.option("--erase-value", type=click.IntRange(0, 255), help="Of the device, for kv: 255.")
def build(image, source, kind, size, block_size, program_size, erase_value):
    """Make IMAGE of a folder, or of a JSON file of names and contents.

    A board's /flash is littlefs of 8M with blocks of 4K, which is the default. A file of a folder is a
    key of kv.
    """
    if kind != "kv" and (program_size, erase_value) != (None, None):
        raise Fail("--program-size and --erase-value are for kv.", "leave them out")
    erased = 255 if erase_value is None else erase_value
    with step(f"making {image}"):
        storage.build(source, image, kind, Medium(size, block_size, program_size, erased))
    with storage.opened(image, kind) as made:
        err.print(f"{image}: {made.about}, {len(made.entries())} entries", soft_wrap=True)


@command.command()
@_IMAGE
@_options
def ls(image, kind, block_size):
    """List what is in IMAGE: sizes in bytes, names; a folder ends in "/"."""
    with storage.opened(image, kind, block_size) as found:
        err.print(f"{image}: {found.about}", markup=False, soft_wrap=True, style="dim")
        damaged = 0
        for entry in found.entries():
            damaged += bool(entry.error)
            remark = f"  [{entry.error}]" if entry.error else ""
            note = f"  ({entry.note})" if entry.note else ""
            click.echo(f"{entry.size:>9}  {shown(entry.path)}{note}{remark}")
    if damaged:
        raise Fail(f"{damaged} of them cannot be read.", f"coil fs check {image}")


@command.command()
@_IMAGE
@click.argument("name")
@_options
def cat(image, name, kind, block_size):
    """Print the contents of a file or key of IMAGE."""
    with storage.opened(image, kind, block_size) as found:
        names = [entry.path for entry in found.entries() if not entry.is_folder]
        if name not in names:
            name = name.lstrip("/")
        if name not in names:
            raise unknown("file or key", shown(name), map(shown, names), f"coil fs ls {image}")
        data = found.read(name)
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@command.command()
@_IMAGE
@click.argument("folder", type=click.Path(path_type=Path))
@_options
def extract(image, folder, kind, block_size):
    """Write all files, or keys, of IMAGE into a new FOLDER."""
    with storage.opened(image, kind, block_size) as found:
        count = extract_all(found, folder)
    err.print(f"{folder}: {count} files", markup=False, soft_wrap=True)


@command.command()
@_IMAGE
@_options
def check(image, kind, block_size):
    """Read all of IMAGE and say what is damaged; the status is 1 then."""
    with storage.opened(image, kind, block_size) as found:
        about = found.about
        problems = found.check()
    for problem in problems:
        click.echo(problem)
    if problems:
        raise Fail(
            f"{image} is damaged ({about}).",
            "what can still be read: coil fs ls; coil fs cat",
        )
    out.print(f"{image}: {about}: sound", markup=False, soft_wrap=True)


@command.command()
@_IMAGE
@_INSTANCE
@_DISK
@_PORT
def pull(image, instance, disk, port):
    """Copy the /flash volume of a board into IMAGE.

    The board may run: it is halted for the copy, which is what a power cut would leave. With --port
    the board itself sends the volume, over its prompt.
    """
    _one_board(port, instance, disk)
    with step(f"copying /flash to {image}"):
        data = portvolume.pull(port) if port is not None else boardvolume.pull(instance, disk)
        image.write_bytes(data)


@command.command()
@_IMAGE
@_INSTANCE
@_DISK
@_PORT
def push(image, instance, disk, port):
    """Replace the /flash volume of a board by IMAGE, a littlefs with the blocks that /flash has.

    A board that runs is reset: what its program has not written by then is lost. With --port, and to
    board host, the volume goes over the prompt, and only the blocks that differ; if that is
    interrupted, the board has no volume until the same command has ended.
    """
    _one_board(port, instance, disk)
    with storage.opened(image, "littlefs") as found:
        problems = found.check()
        if problems:
            raise Fail(f"{image} is damaged: {problems[0]}", f"coil fs check {image}")
        data = image.read_bytes()
        with step(f"copying {image} to /flash"):
            if port is not None:
                count = portvolume.push(port, data, found, image)
            else:
                count = boardvolume.push(data, found, image, instance, disk)
    if count is not None:
        err.print(f"{count} blocks were replaced; the others were the same", soft_wrap=True)


def _one_board(port, instance, disk):
    if port is not None and (instance or disk):
        raise Fail("--port is for a real board.", "leave out --instance and --disk")
    if port == "":
        raise Fail("--port names no port.", "if it comes from coil port, see what that says")


@command.command("wear")
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--png", type=click.Path(path_type=Path), required=True, help="The picture to write."
)
def draw_wear(report, png):
    """Draw how often each erase block was erased, from a REPORT in JSON.

    It is the `wear` of an ExhaustibleBlockDevice as a list, [3, 0, 12], or {"erases": [3, 0, 12],
    "limit": 1000} with the erases that a block stands.
    """
    worn = wear.load(report)
    wear.draw(worn, png)
    out.print(worn.summary(), markup=False, soft_wrap=True)
