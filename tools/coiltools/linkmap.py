"""Reads the GNU linker's map: bytes of code, data and zeroed RAM by area of the source."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

#: An input section: name, address, size, object file.  Long names push the rest to the next line.
_INPUT = re.compile(r"^ (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
_OUTPUT = re.compile(r"^(\.\S+|COMMON)")
_UNLOADED = (".debug", ".comment", ".ARM.attributes", ".note", ".stab", ".gnu")
_ZEROED = (".bss", ".noinit", ".stack", ".heap", "COMMON", ".tbss")
_WRITABLE = (".data", ".got", ".init_array", ".fini_array", ".dynamic", ".tdata")


@dataclass
class Area:
    """Bytes in the image (text), in image and RAM (data), and in RAM only (bss)."""

    text: int = 0
    data: int = 0
    bss: int = 0


def areas(map_file: Path, work: Path) -> dict[str, Area]:
    """The sizes by area: "py", "extmod", "port", "native", "frozen", "libraries", ...

    map_file: the linker's map.  work: the build folder, whose layout follows the sources'.
    """
    found: dict[str, Area] = defaultdict(Area)
    text = map_file.read_text(errors="replace").partition("Linker script and memory map")[2]
    output = name = ""
    for line in text.splitlines():
        if match := _OUTPUT.match(line):
            output = match[1]
            continue
        if re.fullmatch(r" \S+", line):
            name = line.strip()
            continue
        match = _INPUT.match(line)
        if match is None or not int(match[2], 16) or output.startswith(_UNLOADED):
            continue
        section = match[1] or name
        if section.startswith("*"):
            continue
        kind = _kind(output)
        area = found[_area(match[4], work)]
        setattr(area, kind, getattr(area, kind) + int(match[3], 16))
    return dict(found)


def _kind(output: str) -> str:
    if output.startswith(_ZEROED):
        return "bss"
    return "data" if output.startswith(_WRITABLE) else "text"


def _area(path: str, work: Path) -> str:
    """The area of an object file, from where its source lies."""
    if ".a(" in path or not path.endswith(".o") or path.startswith("/usr"):
        return "libraries"
    inside = path.removeprefix(str(work)).lstrip("/")
    if "frozen_content" in inside:
        return "frozen"
    if inside.startswith("src/"):  # a user C module is built under its path in boards/native
        return "native"
    first = inside.partition("/")[0]
    return first if first in ("py", "extmod", "lib", "shared", "drivers") else "port"
