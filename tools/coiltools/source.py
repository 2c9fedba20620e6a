"""MicroPython's source: unmodified, pinned by version and by one SHA-256 for each origin.

It comes from the first of: MICROPYTHON_DIR (a checkout of the user's), the download cache, the
release tarball, the Debian source package on the mirror that apt uses.  The newest pinned
version that one of these has is taken.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import aptsources, download, lockfile, paths, report
from .download import Unavailable, WrongChecksum
from .report import Fail

UPSTREAM = "https://github.com/micropython/micropython/releases/download/"
#: Left in a tree that was unpacked completely, with what it was unpacked from.
MARKER = ".coil-source.json"
#: After a version could not be had, use an older one this long before asking again.
RETRY_S = 86400


@dataclass(frozen=True)
class Source:
    """A MicroPython tree: where it is, its version, and where it came from, in words."""

    path: Path
    version: str
    origin: str


@dataclass(frozen=True)
class Archive:
    """One pinned file.  `name` is also its name in the cache."""

    name: str
    sha256: str
    origin: str


#: Newest first.  Every version here passes the whole test suite.
PINNED = {
    "1.26.1": (
        Archive(
            "micropython-1.26.1.tar.xz",
            "12be6514df6272c0fcb328122b534af6b12abdd52435c19f40ee1707cc43ac98",
            "upstream release",
        ),
        Archive(
            "micropython_1.26.1+ds.orig.tar.xz",
            "f5ad2ec89d3e921f753d448955af98b6005655f84ba26087dde6ba0e8d062f34",
            "Debian source package",
        ),
    ),
    "1.25.0": (
        Archive(
            "micropython-1.25.0.tar.xz",
            "9fe99ad5808e66bb40d374f5cad187c32c7d1c49cf47f72b38fd453c28c2aebe",
            "upstream release",
        ),
        Archive(
            "micropython_1.25.0+ds.orig.tar.xz",
            "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
            "Debian source package",
        ),
    ),
}


def announce(source: Source):
    """Print the version in use and its origin."""
    report.err.print(f"MicroPython {source.version} from {source.origin}", markup=False)


def ensure() -> Source:
    """Return the MicroPython tree to build from, fetching and unpacking it if need be.

    The environment may say which: MICROPYTHON_DIR, a checkout; COIL_MICROPYTHON, a version.

    raises Fail: no such checkout or version, or no origin has one.
    """
    checkout, wanted = _asked()
    if checkout:
        return checkout
    ready = _unpacked(wanted[0])
    if ready:
        return ready
    with lockfile.held(paths.BUILD / "micropython.lock", "fetching MicroPython"):
        return _acquire(wanted)


def present() -> Source | None:
    """Return the tree that is there to build from, without fetching or unpacking; None if none.

    raises Fail: the environment asks for something that does not exist.
    """
    checkout, wanted = _asked()
    return checkout or next(filter(None, map(_unpacked, wanted)), None)


def _asked() -> tuple[Source | None, list[str]]:
    """Return the user's checkout if there is one, and the versions to look for otherwise."""
    version = os.environ.get("COIL_MICROPYTHON", "")
    checkout = os.environ.get("MICROPYTHON_DIR", "")
    if checkout:
        return _checkout(Path(checkout).expanduser().resolve(), version), []
    if version and version not in PINNED:
        raise report.unknown(
            "pinned MicroPython version",
            version,
            PINNED,
            "set COIL_MICROPYTHON to one of these, or MICROPYTHON_DIR to a checkout",
        )
    return None, [version] if version else list(PINNED)


def tree_version(tree: Path) -> str:
    """Return the version that a MicroPython tree says it is, e.g. "1.26.1" or "1.27.0-preview".

    raises Fail if the folder holds no MicroPython.
    """
    try:
        text = (tree / "py" / "mpconfig.h").read_text()
    except OSError:
        text = ""
    parts = dict(re.findall(r"#define MICROPY_VERSION_(\w+) (\d+)", text))
    if not {"MAJOR", "MINOR", "MICRO"} <= parts.keys():
        raise Fail(
            f"{tree} holds no MicroPython: no version in py/mpconfig.h",
            "set MICROPYTHON_DIR to the root of a MicroPython checkout, or unset it",
        )
    suffix = "-preview" if parts.get("PRERELEASE", "0") != "0" else ""
    return f"{parts['MAJOR']}.{parts['MINOR']}.{parts['MICRO']}{suffix}"


def mpy_lib_dir(source: Source | None = None) -> Path:
    """Return the folder to pass as MPY_LIB_DIR.

    MicroPython's build refuses a frozen manifest unless this folder has a README.md, and the
    Debian package comes without micropython-lib: then an empty one is made.
    """
    own = (source or ensure()).path / "lib" / "micropython-lib"
    if (own / "README.md").exists():
        return own
    made = paths.BUILD / "micropython-lib"
    made.mkdir(parents=True, exist_ok=True)
    readme = made / "README.md"
    if not readme.exists():
        readme.write_text(
            "# micropython-lib is absent\n\nThis MicroPython source came without it, so `require()` "
            "in a manifest finds nothing here.\nSet MICROPYTHON_DIR to a checkout with submodules "
            "to use it.\n"
        )
    return made


def cached() -> dict[Archive, Path]:
    """Return the pinned archives that the download cache holds, unverified."""
    places = {a: paths.CACHE / a.name for archives in PINNED.values() for a in archives}
    return {archive: path for archive, path in places.items() if path.exists()}


_warned: set[Path] = set()


def _checkout(tree: Path, wanted: str) -> Source:
    version = tree_version(tree)
    if wanted and wanted != version:
        raise Fail(
            f"MICROPYTHON_DIR holds {version}, but COIL_MICROPYTHON asks for {wanted}",
            "unset one of the two",
        )
    if version not in PINNED and tree not in _warned:
        _warned.add(tree)
        tested = " and ".join(PINNED)
        report.err.print(
            f"warning: MicroPython {version} in {tree} is untested; {tested} are tested",
            markup=False,
            soft_wrap=True,
        )
    return Source(tree, version, f"MICROPYTHON_DIR ({tree})")


def _tree(version: str) -> Path:
    return paths.BUILD / f"micropython-{version}"


def _unpacked(version: str) -> Source | None:
    """Return the tree of this version if a complete one is there."""
    tree = _tree(version)
    try:
        origin = json.loads((tree / MARKER).read_text())["origin"]
        if tree_version(tree) != version:
            return None
    except (OSError, ValueError, KeyError, TypeError, Fail):
        return None
    return Source(tree, version, origin)


def _acquire(wanted: list[str]) -> Source:
    """Get the first of the wanted versions that any origin has."""
    troubles: list[str] = []
    for version in wanted:
        source = _unpacked(version) or _from_cache(version, troubles)
        if source:
            return source
        older = wanted[wanted.index(version) + 1 :]
        if _missed_lately(version) and any(map(_at_hand, older)):
            continue
        source = _from_network(version, troubles)
        if source:
            return source
    listed = "; ".join(f"{a.name} (SHA-256 {a.sha256})" for a in PINNED[wanted[0]])
    raise Fail(
        "MicroPython's source cannot be had: neither in the cache nor from the network",
        f"put one of these files into {paths.CACHE}: {listed}; "
        "or set MICROPYTHON_DIR to a checkout",
        "\n".join(troubles),
    )


def _at_hand(version: str) -> bool:
    return bool(_unpacked(version)) or any(archive in cached() for archive in PINNED[version])


def _miss(version: str) -> Path:
    return paths.BUILD / f"micropython-{version}.unavailable"


def _missed_lately(version: str) -> bool:
    try:
        return time.time() - _miss(version).stat().st_mtime < RETRY_S
    except OSError:
        return False


def _from_cache(version: str, troubles: list[str]) -> Source | None:
    for archive in PINNED[version]:
        path = paths.CACHE / archive.name
        if not path.exists():
            continue
        try:
            download.verify(path, archive.sha256)
        except WrongChecksum as refused:
            _tell(refused, troubles)
            continue
        return _unpack(path, version, archive.origin)
    return None


def _from_network(version: str, troubles: list[str]) -> Source | None:
    """Try each origin in turn.  A refused file is told, and the next origin asked."""
    for archive, url in _places(version):
        try:
            proxies = aptsources.proxies() if "/pool/" in url else {}
            download.fetch(url, paths.CACHE / archive.name, archive.sha256, proxies)
        except Unavailable as error:
            troubles.append(str(error))
        except WrongChecksum as refused:
            _tell(refused, troubles)
        else:
            _miss(version).unlink(missing_ok=True)
            return _unpack(paths.CACHE / archive.name, version, archive.origin)
    _miss(version).touch()
    return None


def _places(version: str) -> list[tuple[Archive, str]]:
    """Return where this version may be had, in the order to try."""
    upstream, debian = PINNED[version]
    places = [(upstream, f"{UPSTREAM}v{version}/{upstream.name}")]
    for mirror in aptsources.mirrors():
        for area in ("main", "universe"):
            places.append((debian, f"{mirror}/pool/{area}/m/micropython/{debian.name}"))
    return places


def _tell(refused: WrongChecksum, troubles: list[str]):
    troubles.append(str(refused))
    report.err.print(f"warning: {refused}", style="yellow", markup=False, soft_wrap=True)


def _unpack(archive: Path, version: str, origin: str) -> Source:
    """Unpack a verified archive; the tree appears under its name only when it is complete."""
    tree = _tree(version)
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".unpacking-", dir=paths.BUILD) as name,
            report.step(f"unpacking MicroPython {version}"),
        ):
            _extract(archive, Path(name))
            (top,) = Path(name).iterdir()
            (top / MARKER).write_text(json.dumps({"origin": origin, "archive": archive.name}))
            shutil.rmtree(tree, ignore_errors=True)
            os.replace(top, tree)
    except OSError as error:
        raise Fail(
            f"MicroPython cannot be unpacked into {paths.BUILD}: {error.strerror or error}",
            "see that the folder can be written and has 200 MB free",
        ) from error
    source = Source(tree, version, origin)
    announce(source)
    return source


def _extract(archive: Path, into: Path):
    """Unpack a .tar.xz, by the program xz where Python was built without it."""
    # Absent before 3.11.4; the archive is pinned, so this only spares a warning later on.
    options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        with tarfile.open(archive, "r:xz") as tar:
            tar.extractall(into, **options)
    except tarfile.CompressionError:
        with (
            subprocess.Popen(["xz", "-dc", str(archive)], stdout=subprocess.PIPE) as xz,
            tarfile.open(fileobj=xz.stdout, mode="r|") as tar,
        ):
            tar.extractall(into, **options)
