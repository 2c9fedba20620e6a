"""Small files of results that the tools keep in `build/`: whole or not there."""

import json
import os
from pathlib import Path


def read(path: Path) -> dict:
    """What `write` left; {} when there is nothing, or something else."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(path: Path, content: dict):
    """Replace the file at once, so that a reader or an interruption never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
