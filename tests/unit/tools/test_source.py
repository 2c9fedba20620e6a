"""MicroPython's source: order of origins, checksums, failures, half-done work.

A server on 127.0.0.1 plays upstream and the mirror; the archives are small but real .tar.xz.
"""

import base64
import hashlib
import http.server
import io
import os
import socket
import tarfile
import threading
import time
from pathlib import Path

import pytest
from coiltools import aptsources, download, paths, source
from coiltools.report import Fail
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


def leftovers() -> list[str]:
    """Return what has no business in the build and cache folders after a call."""
    return [
        path.name
        for folder in (paths.BUILD, paths.CACHE)
        if folder.exists()
        for path in folder.iterdir()
        if path.name.startswith(".")
    ]


# The order of origins.


def test_upstream_is_asked_first_and_alone(world):
    path = world.upstream()
    world.mirror()
    found = source.ensure()
    assert (found.version, found.origin) == ("1.26.1", "upstream release")
    assert (found.path / "origin.txt").read_text() == "upstream release"
    assert world.server.asked == [path]
    assert leftovers() == []


def test_mirror_serves_where_upstream_does_not(world, capsys):
    world.mirror()
    found = source.ensure()
    assert found.origin == "Debian source package"
    assert "MicroPython 1.26.1 from Debian source package" in capsys.readouterr().err


def test_ubuntu_keeps_it_in_universe(world):
    path = world.mirror(area="universe")
    assert source.ensure().origin == "Debian source package"
    assert world.server.asked[-1] == path


def test_newest_version_from_any_origin_wins(world):
    world.upstream("1.25.0")
    world.mirror("1.26.1")
    assert source.ensure().version == "1.26.1"


def test_second_call_asks_nobody_and_prints_nothing(world, capsys):
    world.upstream()
    first = source.ensure()
    world.server.asked.clear()
    capsys.readouterr()
    assert source.ensure() == first
    assert world.server.asked == []
    assert capsys.readouterr().err == ""


def test_cache_comes_before_the_network(world):
    world.upstream()
    world.cache("micropython_1.26.1+ds.orig.tar.xz")
    assert source.ensure().origin == "Debian source package"
    assert world.server.asked == []


def test_download_is_kept_for_other_clones(world, monkeypatch):
    world.upstream()
    source.ensure()
    world.server.asked.clear()
    monkeypatch.setattr(paths, "BUILD", paths.BUILD.with_name("another-build"))
    assert source.ensure().version == "1.26.1"
    assert world.server.asked == []


def test_two_processes_fetch_it_once(world):
    path = world.upstream()
    found = []
    threads = [threading.Thread(target=lambda: found.append(source.ensure())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4 and len(set(found)) == 1
    assert world.server.asked == [path]


# The older version.


def test_older_version_where_the_newer_cannot_be_had(world):
    world.mirror("1.25.0")
    assert source.ensure().version == "1.25.0"


def test_absence_of_the_newer_is_remembered_for_a_day(world):
    world.mirror("1.25.0")
    source.ensure()
    world.server.asked.clear()
    world.upstream("1.26.1")
    assert source.ensure().version == "1.25.0"
    assert world.server.asked == []
    yesterday = time.time() - source.RETRY_S - 1
    for miss in paths.BUILD.glob("*.unavailable"):
        os.utime(miss, (yesterday, yesterday))
    assert source.ensure().version == "1.26.1"


def test_version_can_be_chosen(world, monkeypatch):
    world.upstream("1.26.1")
    world.upstream("1.25.0")
    monkeypatch.setenv("COIL_MICROPYTHON", "1.25.0")
    assert source.ensure().version == "1.25.0"
    monkeypatch.delenv("COIL_MICROPYTHON")
    assert source.ensure().version == "1.26.1"


def test_chosen_version_is_not_replaced_by_another(world, monkeypatch):
    world.upstream("1.25.0")
    monkeypatch.setenv("COIL_MICROPYTHON", "1.26.1")
    with pytest.raises(Fail) as caught:
        source.ensure()
    assert "micropython-1.26.1.tar.xz" in caught.value.mend


def test_unknown_version_names_the_closest(world, monkeypatch):
    monkeypatch.setenv("COIL_MICROPYTHON", "1.26.2")
    with pytest.raises(Fail, match=r"did you mean '1\.26\.1'"):
        source.ensure()


# Wrong files.


def test_wrong_file_in_the_cache_is_set_aside_with_both_hashes(world, capsys):
    name = "micropython-1.26.1.tar.xz"
    world.upstream()
    world.cache(name, b"something else")
    assert source.ensure().version == "1.26.1"
    said = capsys.readouterr().err
    assert hashlib.sha256(b"something else").hexdigest() in said
    assert source.PINNED["1.26.1"][0].sha256 in said
    assert (paths.CACHE / (name + ".refused")).read_bytes() == b"something else"
    assert (paths.CACHE / name).read_bytes() == world.contents[name]


def test_wrong_download_is_refused_and_the_next_origin_asked(world, capsys):
    world.server.files[world.upstream()] = b"<html>please log in</html>"
    world.mirror()
    assert source.ensure().origin == "Debian source package"
    assert "refused" in capsys.readouterr().err
    assert not (paths.CACHE / "micropython-1.26.1.tar.xz").exists()


def test_only_wrong_files_fail_naming_both_hashes(world):
    wrong = b"another archive"
    for version in source.PINNED:
        world.server.files[world.upstream(version)] = wrong
        world.server.files[world.mirror(version)] = wrong
    with pytest.raises(Fail) as caught:
        source.ensure()
    assert hashlib.sha256(wrong).hexdigest() in caught.value.detail
    assert source.PINNED["1.26.1"][0].sha256 in caught.value.detail
    assert not list(paths.BUILD.glob("micropython-*/"))
    assert list(paths.CACHE.iterdir()) == []


def test_hash_of_one_origin_is_not_good_for_another(world):
    world.server.files[world.upstream()] = world.contents["micropython_1.26.1+ds.orig.tar.xz"]
    world.upstream("1.25.0")
    assert source.ensure().version == "1.25.0"


def test_truncated_download_leaves_nothing_and_the_next_origin_serves(world):
    world.server.cut.add(world.upstream())
    world.mirror()
    assert source.ensure().origin == "Debian source package"
    assert [path.name for path in paths.CACHE.iterdir()] == ["micropython_1.26.1+ds.orig.tar.xz"]


# No network.


def test_no_network_and_no_cache_says_what_to_put_where(world, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(source, "UPSTREAM", f"http://127.0.0.1:{port}/")
    (world.apt / "sources.list").write_text(f"deb http://127.0.0.1:{port}/debian sid main\n")
    with pytest.raises(Fail) as caught:
        source.ensure()
    for archive in source.PINNED["1.26.1"]:
        assert archive.name in caught.value.mend
        assert archive.sha256 in caught.value.mend
    assert str(paths.CACHE) in caught.value.mend
    assert "MICROPYTHON_DIR" in caught.value.mend
    assert caught.value.detail.count("refused") == 1, "an unreachable host is asked once"


def test_silent_host_costs_one_time_limit(world, monkeypatch):
    monkeypatch.setattr(download, "CONNECT_S", 0.5)
    world.mirror("1.25.0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(source, "UPSTREAM", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        start = time.monotonic()
        assert source.ensure().version == "1.25.0"
    assert time.monotonic() - start < 4


def test_machine_without_apt(world):
    (world.apt / "sources.list").unlink()
    world.upstream()
    assert source.ensure().origin == "upstream release"


def test_mirror_on_a_disk(world, tmp_path):
    name = "micropython_1.26.1+ds.orig.tar.xz"
    folder = tmp_path / "disk" / "pool/main/m/micropython"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(world.contents[name])
    (world.apt / "sources.list").write_text(f"deb file:{tmp_path}/disk sid main\n")
    assert source.ensure().origin == "Debian source package"


def test_password_of_a_mirror_is_sent_but_never_shown(world):
    host = world.server.url.removeprefix("http://")
    (world.apt / "sources.list").write_text(f"deb http://me:s%40cret@{host}/debian sid main\n")
    with pytest.raises(Fail) as caught:
        source.ensure()
    sent = base64.b64decode(world.server.authorization.removeprefix("Basic ")).decode()
    assert sent == "me:s@cret"
    assert "cret" not in caught.value.detail
    assert "404" in caught.value.detail


def test_proxy_is_used(world, tmp_path):
    world.server.files["http://mirror.example/file"] = b"through the proxy"
    target = tmp_path / "file"
    expected = hashlib.sha256(b"through the proxy").hexdigest()
    download.fetch("http://mirror.example/file", target, expected, {"http": world.server.url})
    assert target.read_bytes() == b"through the proxy"


# A user's checkout.


def checkout(folder: Path, version: str) -> Path:
    with tarfile.open(fileobj=io.BytesIO(tarball(version, "mine")), mode="r:xz") as tar:
        tar.extractall(folder)
    return folder / f"micropython-{version}"


def test_checkout_comes_before_everything(world, tmp_path, monkeypatch, capsys):
    world.upstream()
    tree = checkout(tmp_path, "1.25.0")
    monkeypatch.setenv("MICROPYTHON_DIR", str(tree))
    found = source.ensure()
    assert (found.path, found.version) == (tree, "1.25.0")
    assert world.server.asked == []
    assert "untested" not in capsys.readouterr().err
    assert not (tree / source.MARKER).exists()


def test_untested_checkout_is_taken_with_one_warning(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MICROPYTHON_DIR", str(checkout(tmp_path, "1.27.0")))
    assert source.ensure().version == "1.27.0"
    source.ensure()
    assert capsys.readouterr().err.count("is untested") == 1


def test_checkout_that_is_none_fails(world, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(Fail, match="holds no MicroPython") as caught:
        source.ensure()
    assert "MICROPYTHON_DIR" in caught.value.mend


def test_checkout_and_version_that_contradict_fail(world, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(checkout(tmp_path, "1.25.0")))
    monkeypatch.setenv("COIL_MICROPYTHON", "1.26.1")
    with pytest.raises(Fail, match="asks for 1.26.1") as caught:
        source.ensure()
    assert caught.value.mend


# Half-done work.


def test_half_extracted_tree_is_made_again(world):
    world.upstream()
    half = paths.BUILD / "micropython-1.26.1"
    (half / "py").mkdir(parents=True)
    (half / "py" / "leftover.c").touch()
    found = source.ensure()
    assert found.path == half
    assert (half / "origin.txt").exists()
    assert not (half / "py" / "leftover.c").exists()


@pytest.mark.parametrize("marker", ["", "[]", "{", '{"origin": 1'])
def test_tree_with_a_broken_marker_is_made_again(world, marker):
    world.upstream()
    tree = source.ensure().path
    (tree / source.MARKER).write_text(marker)
    (tree / "origin.txt").unlink()
    assert (source.ensure().path / "origin.txt").exists()


def test_interrupted_extraction_leaves_no_tree(world, monkeypatch):
    world.upstream()
    real = source._extract

    def interrupted(archive, into):
        real(archive, into)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(source, "_extract", interrupted)
        with pytest.raises(KeyboardInterrupt):
            source.ensure()
    assert source.present() is None
    assert leftovers() == []
    assert source.ensure().version == "1.26.1"


def test_full_disk_is_a_failure_with_a_way_out(world, monkeypatch):
    world.upstream()

    def full(archive, into):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(source, "_extract", full)
    with pytest.raises(Fail, match="No space left on device"):
        source.ensure()
    assert leftovers() == []


# micropython-lib and the pins.


def test_library_of_the_tree_is_used_where_there_is_one(world, monkeypatch):
    world.contents["micropython-1.26.1.tar.xz"] = tarball("1.26.1", "with lib", True)
    monkeypatch.setattr(source, "PINNED", world.pinned())
    world.upstream()
    found = source.ensure()
    assert source.mpy_lib_dir(found) == found.path / "lib" / "micropython-lib"


def test_empty_library_is_made_where_there_is_none(world):
    world.mirror()
    folder = source.mpy_lib_dir()
    assert folder == paths.BUILD / "micropython-lib"
    assert "absent" in (folder / "README.md").read_text()


def test_every_pin_is_a_hash_of_its_own():
    pins = [archive.sha256 for archives in source.PINNED.values() for archive in archives]
    assert all(len(pin) == 64 and int(pin, 16) for pin in pins)
    assert len(set(pins)) == len(pins) == 4


def test_failure_shows_what_was_tried(world, capsys):
    with pytest.raises(Fail) as caught:
        source.ensure()
    caught.value.show()
    said = capsys.readouterr().err
    assert "404" in said and "to mend" in said
