"""Flash that each frozen module takes, read from what the compiler made of it.

mpy-tool writes one C file, `frozen_content.c`, with a section for each module.  The definitions
in a section belong to that module; `nm` gives the size of each in the object file.  What is
left – the pool of interned names and the table of modules – is shared by all.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .report import Fail

_MODULE = re.compile(r"^// - frozen file name: (.+)$")
_END = re.compile(r"^// collection of all frozen modules")
_DEFINED = re.compile(r"^(?:static )?(?:const )?[\w\s]*?\*?(?:const )?(\w+)(?:\[\d*\])? = \{")
_TEXT = re.compile(r'\(const byte\*\)"((?:\\x[0-9a-f]{2})+)"')


@dataclass(frozen=True)
class Sizes:
    """modules: frozen path, such as "asyncio/core.py" -> bytes; shared: bytes of the rest."""

    modules: dict[str, int]
    shared: int

    @property
    def total(self) -> int:
        return sum(self.modules.values()) + self.shared


def tool_output(*command: str) -> str:
    """Standard output of a binutils program.  Raises Fail with its message."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise Fail(f"{command[0]} is not installed", "make setup") from None
    if result.returncode:
        raise Fail(f"{' '.join(command)} failed", detail=result.stderr)
    return result.stdout


def measure(source: Path, compiled: Path, nm: str, size: str) -> Sizes:
    """The sizes in `source` (frozen_content.c), whose object file is `compiled`."""
    symbols = {}
    for line in tool_output(nm, "-S", str(compiled)).splitlines():
        parts = line.split()
        if len(parts) == 4:
            symbols[parts[3]] = int(parts[1], 16)
    modules: dict[str, int] = {}
    current = None
    for line in source.read_text().splitlines():
        if match := _MODULE.match(line):
            current = match[1]
            modules[current] = 0
        elif _END.match(line):
            break
        elif current:
            if match := _DEFINED.match(line):
                modules[current] += symbols.get(match[1], 0)
            for text in _TEXT.findall(line):
                modules[current] += len(text) // 4 + 1
    text, data, _bss = tool_output(size, str(compiled)).splitlines()[1].split()[:3]
    return Sizes(modules, int(text) + int(data) - sum(modules.values()))


def sections(elf: Path, size: str) -> tuple[int, int, int]:
    """text, data and bss of an ELF file, in bytes."""
    text, data, bss = tool_output(size, str(elf)).splitlines()[1].split()[:3]
    return int(text), int(data), int(bss)
