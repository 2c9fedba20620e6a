"""Fetching a file and proving that it is the right one."""

import base64
import hashlib
import os
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from . import report

#: Seconds until a server must have answered, and between two pieces of its answer.  Where a
#: firewall swallows packets this is what each unreachable host costs.
CONNECT_S = 8
CHUNK = 1 << 16
#: Hosts that could not be reached; not asked again by this process.
_unreachable: set[str] = set()


class Unavailable(Exception):
    """The file cannot be had from there: no network, no such file, connection lost."""


class WrongChecksum(Exception):
    """A file is not what it should be.  It has been removed, or moved aside to `aside`."""

    def __init__(self, name: str, expected: str, actual: str, aside: Path | None = None):
        where = f"; it is now {aside}" if aside else ""
        super().__init__(
            f"{name} is not the file that is pinned and is refused: "
            f"SHA-256 {actual}, expected {expected}{where}"
        )
        self.expected = expected
        self.actual = actual


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, expected: str):
    """Check a stored file.  One that is wrong is renamed to *.refused.

    raises WrongChecksum.
    """
    actual = sha256(path)
    if actual != expected:
        aside = path.with_name(path.name + ".refused")
        os.replace(path, aside)
        raise WrongChecksum(path.name, expected, actual, aside)


def fetch(url: str, path: Path, expected: str, proxies: dict[str, str] | None = None):
    """Download `url` to `path`, which comes into being only complete and right.

    expected: the SHA-256 in hexadecimal.
    proxies: {scheme: URL} used where the environment does not name one.

    raises Unavailable, WrongChecksum.
    """
    shown, request = _request(url)
    host = urllib.parse.urlsplit(shown).netloc
    if host in _unreachable:
        raise Unavailable(f"{host} could not be reached before")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _open(request, host, proxies or {}) as response, part.open("wb") as file:
            actual = _receive(response, file, path.name)
        if actual != expected:
            raise WrongChecksum(shown, expected, actual)
        os.replace(part, path)
    except urllib.error.HTTPError as error:
        raise Unavailable(f"{shown}: {error.code} {error.reason}") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(f"{shown}: {reason}") from None
    finally:
        part.unlink(missing_ok=True)


def _request(url: str) -> tuple[str, urllib.request.Request]:
    """Return `url` without its password, fit to be shown, and the request that carries it."""
    parts = urllib.parse.urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    shown = urllib.parse.urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(shown, headers={"User-Agent": "coil"})
    if credentials:
        plain = urllib.parse.unquote(credentials).encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(plain).decode())
    return shown, request


def _open(request: urllib.request.Request, host: str, proxies: dict[str, str]):
    """Open the URL, or raise OSError within CONNECT_S seconds.

    The name look-up has no time limit of its own, so the whole runs in a thread that is left
    behind when it takes too long.
    """
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({**proxies, **urllib.request.getproxies()})
    )
    outcome: list = []

    def work():
        try:
            outcome.append(opener.open(request, timeout=CONNECT_S))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(CONNECT_S + 1)
    result = outcome[0] if outcome else TimeoutError(f"no answer within {CONNECT_S} s")
    if isinstance(result, urllib.error.HTTPError):
        raise result
    if isinstance(result, Exception):
        _unreachable.add(host)
        raise result if isinstance(result, OSError) else OSError(str(result))
    return result


def _receive(response, file, name: str) -> str:
    """Copy the answer into `file` with a progress bar; return its SHA-256.

    raises OSError if the connection ends before all has come.
    """
    total = int(response.headers.get("Content-Length") or 0)
    digest = hashlib.sha256()
    done = 0
    if not report.err.is_terminal:
        report.err.print(f"- downloading {name} ({total / 1e6:.0f} MB)", markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=report.err,
        transient=True,
        disable=not report.err.is_terminal,
    ) as progress:
        task = progress.add_task(name, total=total or None)
        while chunk := response.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress.update(task, completed=done)
    if total and done != total:
        raise OSError(f"the connection ended after {done} of {total} bytes")
    return digest.hexdigest()
