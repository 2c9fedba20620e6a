"""Reads the GNU linker's map: bytes of code, data and zeroed RAM by area of the source."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: An input section: name, address, size, object file.  Long names push the rest to the next line.
_INPUT = re.compile(r"^ (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
_OUTPUT = re.compile(r"^(\.\S+|COMMON)")
#: String constants, which the linker merges: what is left of them belongs to no file.
_STRINGS = re.compile(r"\.str\d+\.\d+$")
#: The largest gap in front of a section that its alignment explains.
_PADDING_MAX = 63
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
    """The sizes by area: "py", "extmod", "port", "native", "frozen", "strings", "libraries", "padding", ...

    map_file: the linker's map.  work: the build folder, whose layout follows the sources'.
    """
    found: dict[str, Area] = defaultdict(Area)
    inputs = list(_inputs(map_file))
    for (output, section, address, size, path), following in zip(
        inputs, [*inputs[1:], None], strict=True
    ):
        # Newer linkers list merged strings with their old sizes, one on top of the other.
        if following and following[0] == output and address <= following[2] < address + size:
            size = following[2] - address
        area = found["strings" if _STRINGS.search(section) else _area(path, work)]
        kind = _kind(output)
        setattr(area, kind, getattr(area, kind) + size)
        gap = following[2] - (address + size) if following and following[0] == output else 0
        if 0 < gap <= _PADDING_MAX:
            setattr(found["padding"], kind, getattr(found["padding"], kind) + gap)
    return dict(found)


def _inputs(map_file: Path) -> Iterator[tuple[str, str, int, int, str]]:
    """The loaded input sections: output section, name, address, size, object file."""
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
        if not section.startswith("*"):
            yield output, section, int(match[2], 16), int(match[3], 16), match[4]


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
