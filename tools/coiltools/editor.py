"""Editor settings of an application: where pyright finds the modules that only boards have."""

import json
import os
from pathlib import Path

from . import boards, paths

_STUBS = Path(__file__).with_name("stubs")


def settings(folder: Path, board: str) -> dict[str, str]:
    """File name -> content of the settings for the application in `folder`."""

    def place(target: Path) -> str:
        inside = folder.resolve().is_relative_to(paths.ROOT)
        return os.path.relpath(target, folder.resolve()) if inside else str(target)

    modules = boards.get(board).folder / "modules"
    pyright = {
        "include": ["."],
        "stubPath": place(_STUBS),
        "extraPaths": [place(paths.OS), place(modules)],
        "pythonVersion": "3.11",
        "typeCheckingMode": "standard",
        "reportMissingModuleSource": False,
    }
    code = {
        "python.analysis.stubPath": pyright["stubPath"],
        "python.analysis.extraPaths": pyright["extraPaths"],
        "files.exclude": {"**/__pycache__": True},
    }
    return {
        "pyrightconfig.json": json.dumps(pyright, indent=4) + "\n",
        ".vscode/settings.json": json.dumps(code, indent=4) + "\n",
    }
