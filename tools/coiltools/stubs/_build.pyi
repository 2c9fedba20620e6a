"""_build: what this firmware is; written by `coil build`."""

VERSION: str
BOARD: str
APP: str | None
MODULES: tuple[str, ...]
LIMITS: dict[str, int]
