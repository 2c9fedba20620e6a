"""Where things are.  Everything that is made lives in `build/`, downloads in the user's cache."""

import os
import re
from pathlib import Path

#: Root of the repository; an editable install keeps this file inside it.
ROOT = Path(__file__).resolve().parents[2]
OS = ROOT / "os"
BOARDS = ROOT / "boards"
BUILD = Path(os.environ.get("COIL_BUILD") or ROOT / "build").resolve()
#: Downloads survive `make clean` and serve every clone.
CACHE = Path(
    os.environ.get("COIL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coil"
).resolve()
#: Descriptions of the boards that are running now, one JSON file each.
RUN = BUILD / "run"


def hostile(path: Path) -> bool:
    """Whether make, or a shell that it calls, would take a path apart: spaces, quotes, $, # ..."""
    return re.search(r"[^\w/.,+@~-]", str(path)) is not None
