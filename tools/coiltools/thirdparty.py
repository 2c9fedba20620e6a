"""Third-party packages of an application: `[packages]` in coil.toml, exact versions from PyPI.

pip fetches the distribution from the index that it is configured for and checks it against the
index' hash; the archive's SHA-256 is kept beside it and checked at every use.  An archive that a
user put there counts as well: pip refuses those without a setup.py, as many for MicroPython are.
Only Python source is unpacked, into a folder that the import closure then searches.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from . import lockfile, paths
from .report import Fail, step

_TIMEOUT_S = 300


def fetch(name: str, version: str, sha256: str = "", origin: str = "") -> Path:
    """The folder with the modules of `name` at `version`.

    sha256: the digest the archive must have, "" = whatever pip verified the first time.
    origin: who asked for it, for messages.  Raises Fail without network or on a wrong digest.
    """
    store = paths.CACHE / "packages" / f"{_canonical(name)}-{version}"
    if (store / "modules").is_dir():  # complete: nothing is written
        return _fetched(name, version, store, sha256, origin)
    with lockfile.held(store.with_name(store.name + ".lock"), f"fetching {name}"):
        return _fetched(name, version, store, sha256, origin)


def _fetched(name: str, version: str, store: Path, sha256: str, origin: str) -> Path:
    """As fetch(), while nobody else does the same."""
    archive = _archive(store) or _download(name, version, store, origin)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    record = store / "sha256"
    if not record.is_file():  # put there by hand
        record.write_text(digest + "\n")
    recorded = record.read_text().strip()
    for wanted, who in ((recorded, "the one downloaded first"), (sha256, origin)):
        if wanted and digest != wanted:
            raise Fail(
                f"{archive.name} has SHA-256 {digest}, not {wanted} ({who})",
                f"If the change is meant, remove {store} and correct coil.toml.",
            )
    folder = store / "modules"
    if not folder.is_dir():
        _unpack(archive, folder)
    return folder / "src" if (folder / "src").is_dir() else folder


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _archive(store: Path) -> Path | None:
    kept = sorted(store.iterdir()) if store.is_dir() else []
    return next((file for file in kept if file.suffix in (".gz", ".whl", ".zip")), None)


def _download(name: str, version: str, store: Path, origin: str) -> Path:
    with (
        step(f"downloading {name} {version}"),
        tempfile.TemporaryDirectory(dir=store.parent) as scratch,
    ):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--disable-pip-version-check",
        ]
        command += ["--dest", scratch, f"{name}=={version}"]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise Fail(f"downloading {name} took longer than {_TIMEOUT_S} s") from None
        files = list(Path(scratch).iterdir())
        if result.returncode or len(files) != 1:
            said = result.stderr or result.stdout
            by_hand = f"put its archive (.tar.gz, .zip or .whl) into {store}"
            mend = f"Check name and version, or {by_hand}."
            if "does not appear to be a Python project" in said:
                mend = f"It was packed for MicroPython's old installer; {by_hand} yourself."
            raise Fail(f"could not download {name} {version} ({origin})", mend, said[-1500:])
        archive = files[0]
        if archive.suffix == ".whl" and not archive.stem.endswith("-none-any"):
            raise Fail(
                f"{archive.name} holds compiled code for a PC ({origin})",
                "Only packages in pure Python can be frozen.",
            )
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir()
        kept = store / archive.name
        shutil.move(archive, kept)
    return kept


def _sources(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Every .py file of a wheel, zip or tar archive: path inside it, content."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".py"):
                    yield name, opened.read(name)
    else:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile() and member.name.endswith(".py"):
                    yield member.name, opened.extractfile(member).read()


def _unpack(archive: Path, folder: Path):
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    for name, content in _sources(archive):
        path = PurePosixPath(name)
        if archive.suffix != ".whl":  # a source archive has one folder around everything
            path = PurePosixPath(*path.parts[1:])
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise Fail(f"{archive.name}: suspicious path '{name}'", "Do not use this package.")
        target = scratch / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    scratch.rename(folder)
