"""The device models of board host's simulation: boards/host/modules/sim/devices."""

import ast

from . import paths
from .devices import parse_i2c, parse_options

_FOLDER = paths.BOARDS / "host" / "modules" / "sim" / "devices"
_KINDS = {"output": str, "wire": str, "int": lambda text: str(int(text, 0)), "text": str}


def known() -> dict[str, str]:
    """The models and what they are, the first line of their documentation."""
    found = {}
    for file in sorted(_FOLDER.glob("[!_]*.py")):
        text = ast.get_docstring(ast.parse(file.read_text())) or ""
        found[file.stem] = text.partition("\n")[0].rstrip(".")
    return found


def options(name: str) -> dict[str, str]:
    """The options of a model and their kinds, which its file has in OPTIONS."""
    for node in ast.parse((_FOLDER / f"{name}.py").read_text()).body:
        if isinstance(node, ast.Assign) and "OPTIONS" in (
            target.id for target in node.targets if isinstance(target, ast.Name)
        ):
            return ast.literal_eval(node.value)
    return {}


def i2c_lines(specs: list[str]) -> str:
    """The host page's list of devices for `--i2c NAME@ADDRESS[,option=value...]`.  Raises Fail."""
    lines = []
    for name, address, rest in parse_i2c(specs, known()):
        kinds = {key: _KINDS[kind] for key, kind in options(name).items()}
        chosen = parse_options(rest, f"--i2c {name}", kinds)
        lines.append(",".join([f"{name}@{address}", *(f"{k}={v}" for k, v in chosen.items())]))
    return "\n".join(lines)
