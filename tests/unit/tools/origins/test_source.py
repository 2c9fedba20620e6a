"""MicroPython's source: which origin, which version, which checkout is taken."""

import io
import os
import tarfile
import threading
import time
from pathlib import Path

import pytest
from coiltools import paths, source
from coiltools.report import Fail

# The order of origins.


def test_upstream_is_asked_first_and_alone(world):
    path = world.upstream()
    world.mirror()
    found = source.ensure()
    assert (found.version, found.origin) == ("1.26.1", "upstream release")
    assert (found.path / "origin.txt").read_text() == "upstream release"
    assert world.server.asked == [path]
    assert world.leftovers() == []


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


# A user's checkout.


@pytest.fixture
def checkout(world, tmp_path):
    """Return a function that makes a user's tree of a given version."""

    def make(version: str) -> Path:
        packed = io.BytesIO(world.tarball(version, "mine"))
        with tarfile.open(fileobj=packed, mode="r:xz") as tar:
            tar.extractall(tmp_path)
        return tmp_path / f"micropython-{version}"

    return make


def test_checkout_comes_before_everything(world, checkout, monkeypatch, capsys):
    world.upstream()
    tree = checkout("1.25.0")
    monkeypatch.setenv("MICROPYTHON_DIR", str(tree))
    found = source.ensure()
    assert (found.path, found.version) == (tree, "1.25.0")
    assert world.server.asked == []
    assert "untested" not in capsys.readouterr().err
    assert not (tree / source.MARKER).exists()


def test_untested_checkout_is_taken_with_one_warning(world, checkout, monkeypatch, capsys):
    monkeypatch.setenv("MICROPYTHON_DIR", str(checkout("1.27.0")))
    assert source.ensure().version == "1.27.0"
    source.ensure()
    assert capsys.readouterr().err.count("is untested") == 1


def test_checkout_that_is_none_fails(world, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(Fail, match="holds no MicroPython") as caught:
        source.ensure()
    assert "MICROPYTHON_DIR" in caught.value.mend


def test_checkout_and_version_that_contradict_fail(world, checkout, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(checkout("1.25.0")))
    monkeypatch.setenv("COIL_MICROPYTHON", "1.26.1")
    with pytest.raises(Fail, match="asks for 1.26.1") as caught:
        source.ensure()
    assert caught.value.mend


# micropython-lib and the pins.


def test_library_of_the_tree_is_used_where_there_is_one(world, monkeypatch):
    world.contents["micropython-1.26.1.tar.xz"] = world.tarball("1.26.1", "with lib", True)
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


def test_page_on_installing_has_every_pin():
    page = (paths.ROOT / "docs" / "install.md").read_text()
    for archives in source.PINNED.values():
        for archive in archives:
            assert f"| {archive.name} | {archive.sha256} |" in page
