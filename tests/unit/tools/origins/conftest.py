"""A machine for the tests of MicroPython's source: empty cache, own apt, own servers.

A server on 127.0.0.1 plays upstream and the mirror; the archives are small but real .tar.xz.
"""

import hashlib
import http.server
import io
import tarfile
import threading
from pathlib import Path

import pytest
from coiltools import aptsources, download, paths, source
from coiltools.source import Archive


def tarball(version: str, origin: str, micropython_lib: bool = False) -> bytes:
    """Return a .tar.xz of a MicroPython tree with little more than its version."""
    names = ("MAJOR", "MINOR", "MICRO")
    lines = [
        f"#define MICROPY_VERSION_{n} {v}" for n, v in zip(names, version.split("."), strict=True)
    ]
    files = {"py/mpconfig.h": "\n".join(lines), "origin.txt": origin}
    if micropython_lib:
        files["lib/micropython-lib/README.md"] = "the library"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"micropython-{version}/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return packed.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`, path -> bytes; `cut` paths end half-way; `asked` lists the paths in order."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        self.authorization: str | None = None
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.authorization = self.headers["Authorization"]
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path in self.server.cut else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class World:
    """A machine with an empty cache, whose upstream and mirror are the server."""

    tarball = staticmethod(tarball)

    def __init__(self, server: Server, apt: Path):
        self.server = server
        self.apt = apt
        self.contents = {
            archive.name: tarball(version, archive.origin)
            for version, archives in source.PINNED.items()
            for archive in archives
        }

    def pinned(self) -> dict[str, tuple[Archive, ...]]:
        return {
            version: tuple(
                Archive(a.name, hashlib.sha256(self.contents[a.name]).hexdigest(), a.origin)
                for a in archives
            )
            for version, archives in source.PINNED.items()
        }

    def upstream(self, version="1.26.1") -> str:
        """Put the release on the server; return its path."""
        name = f"micropython-{version}.tar.xz"
        return self._put(f"/up/v{version}/{name}", name)

    def mirror(self, version="1.26.1", area="main") -> str:
        """Put the Debian package on the server; return its path."""
        name = f"micropython_{version}+ds.orig.tar.xz"
        return self._put(f"/debian/pool/{area}/m/micropython/{name}", name)

    def cache(self, name: str, content: bytes | None = None):
        paths.CACHE.mkdir(exist_ok=True)
        (paths.CACHE / name).write_bytes(self.contents[name] if content is None else content)

    def leftovers(self) -> list[str]:
        """Return what has no business in the build and cache folders after a call."""
        return [
            path.name
            for folder in (paths.BUILD, paths.CACHE)
            if folder.exists()
            for path in folder.iterdir()
            if path.name.startswith(".")
        ]

    def _put(self, path: str, name: str) -> str:
        self.server.files[path] = self.contents[name]
        return path


@pytest.fixture
def world(server, tmp_path, monkeypatch):
    apt = tmp_path / "apt"
    apt.mkdir()
    (apt / "sources.list").write_text(f"deb {server.url}/debian trixie main\n")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(aptsources, "APT", apt)
    monkeypatch.setattr(aptsources, "proxies", dict)
    monkeypatch.setattr(source, "UPSTREAM", f"{server.url}/up/")
    monkeypatch.setattr(download, "_unreachable", set())
    monkeypatch.setattr(source, "_warned", set())
    for name in ("MICROPYTHON_DIR", "COIL_MICROPYTHON", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    world = World(server, apt)
    monkeypatch.setattr(source, "PINNED", world.pinned())
    return world
