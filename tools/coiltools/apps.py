"""Finds the application that a command names: a folder, or one of `examples/`."""

import hashlib
import re
from pathlib import Path

from . import config, paths
from .report import Fail, unknown

_EXAMPLES = paths.ROOT / "examples"


def names() -> list[str]:
    """The examples that come with the system."""
    return sorted(f.parent.name for f in _EXAMPLES.glob("*/app.py"))


def find(name: str | None) -> Path | None:
    """The folder of application `name`: a path or an example; None stays None.

    Raises Fail with the closest match when there is none.
    """
    if name is None:
        return None
    for folder in (Path(name), _EXAMPLES / name):
        if folder.is_file() and folder.suffix == ".py":
            raise Fail(f"{name} is a file", f"Name its folder: {folder.parent}")
        if folder.is_dir():
            if not ((folder / "app.py").is_file() or (folder / config.FILE).is_file()):
                raise Fail(
                    f"{folder} holds no application: neither app.py nor {config.FILE}",
                    "`coil new NAME` makes one.",
                )
            return folder.resolve()
    near = [str(f.parent) for f in Path().glob("*/app.py")]
    raise unknown("application", name, [*names(), *near], "`coil new NAME` makes one.")


def label(app: Path | None) -> str:
    """The name of an application's folders in `build/`.

    app: what find() returned.  Examples keep their names.  Other folders may share theirs, or be
    called something that make does not take, so they get a few digits of their path's hash.
    """
    if app is None:
        return "default"
    if app.parent == _EXAMPLES:
        return app.name
    digest = hashlib.sha256(str(app).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_]+', '_', app.name)}-{digest[:6]}"
