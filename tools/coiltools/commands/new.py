"""`coil new`: a folder with an application that runs, a test that passes, editor settings."""

import keyword
from pathlib import Path

import click

from .. import boards, editor, shadow
from ..report import Fail, out

_TEMPLATE = Path(__file__).parents[1] / "templates" / "new"


@click.command()
@click.argument("name")
@click.option("--board", default="mps2", show_default=True, help="For the editor settings.")
def command(name, board):
    """Write a new application into folder NAME."""
    folder = Path(name)
    board = boards.get(board).name
    check_name(folder.name)
    if folder.exists():
        raise Fail(f"{folder} exists already", "Choose another name, or remove it first.")
    files = {
        str(file.relative_to(_TEMPLATE)): file.read_text().replace("{name}", folder.name)
        for file in sorted(_TEMPLATE.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    files |= editor.settings(folder, board)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    out.print(f"{folder}: {', '.join(sorted(files))}", markup=False, soft_wrap=True)
    out.print(f"next: coil test {folder}; coil run {folder}", markup=False, soft_wrap=True)


def check_name(name: str):
    """Raise Fail, with the reason, unless an application can be called `name`."""
    reason = ""
    if not name.isidentifier() or not name.isascii():
        reason = "is not a Python name (letters, digits and _, no digit first)"
    elif keyword.iskeyword(name):
        reason = "is a Python keyword"
    elif name in ("app", "default", "tests"):
        reason = "has a meaning of its own in the build"
    elif name in (taken := shadow.frozen_names()):
        reason = f"is {taken[name]}"
    if reason:
        raise Fail(f"'{name}' {reason}", "Choose another name, such as 'blinky'.")
