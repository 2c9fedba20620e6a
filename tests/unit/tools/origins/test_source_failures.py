"""MicroPython's source: wrong files, no network, work that was left half done."""

import base64
import hashlib
import socket
import time

import pytest
from coiltools import download, paths, source
from coiltools.report import Fail

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
    assert world.leftovers() == []
    assert source.ensure().version == "1.26.1"


def test_full_disk_is_a_failure_with_a_way_out(world, monkeypatch):
    world.upstream()

    def full(archive, into):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(source, "_extract", full)
    with pytest.raises(Fail, match="No space left on device"):
        source.ensure()
    assert world.leftovers() == []
