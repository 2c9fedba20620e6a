"""The host page and the disk file that holds it."""

import struct

import pytest
from coiltools import hostpage
from coiltools.disk import Disk
from coiltools.hostpage import HostPage
from coiltools.report import Fail
from hypothesis import given, settings
from hypothesis import strategies as st

WORD = st.integers(0, 0xFFFFFFFF)


@pytest.fixture
def path(tmp_path):
    with Disk(tmp_path / "disk.img"):
        pass
    return tmp_path / "disk.img"


def words(path, offset, count=1):
    with open(path, "rb") as file:
        file.seek(0xFF0000 + offset)
        return struct.unpack(f"<{count}I", file.read(4 * count))


def test_new_disk_is_sparse_and_valid(path):
    assert path.stat().st_size == 16 << 20
    assert path.stat().st_blocks * 512 < 1 << 20
    assert words(path, 0, 2) == (0x4C494F43, 1)


@given(heap=WORD, flags=WORD, epoch=WORD, script=st.text(max_size=100))
@settings(max_examples=30, deadline=None)
def test_prepare_writes_what_the_contract_says(tmp_path_factory, heap, flags, epoch, script):
    path = tmp_path_factory.getbasetemp() / "contract.img"
    with Disk(path) as disk:
        disk.page.pins_in = 5
        disk.page.prepare(heap=heap, flags=flags, epoch_s=epoch, script=script)
        assert disk.page.script == script
    assert words(path, 0x08, 3) == (heap, flags, epoch)
    assert words(path, 0x1C) == (len(script.encode()),)
    assert words(path, 0x40, 4) == (0, 0, 0, 0)
    with open(path, "rb") as file:
        file.seek(0xFF1000)
        assert file.read(len(script.encode())) == script.encode()


def test_unique_id_stays_with_the_disk(tmp_path):
    ids = []
    for name in ("one", "one", "two"):
        with Disk(tmp_path / name) as disk:
            disk.page.prepare()
            ids.append(disk.page.unique_id)
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 8


def test_page_is_shared_while_open(path):
    with Disk(path) as disk:
        other = HostPage(path)
        other.pins_in = 0x8001
        assert disk.page.pins_in == 0x8001
        assert words(path, 0x40) == (0x8001,)
        other.close()


def test_script_that_is_too_long_is_refused(path):
    page = HostPage(path)
    page.script = "#" * (56 << 10)
    with pytest.raises(Fail, match="57345 bytes"):
        page.script = "#" * (56 << 10) + "\n"
    page.close()


def test_wrong_size_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "photo.img"
    path.write_bytes(b"precious")
    with pytest.raises(Fail, match="has 8 bytes"):
        Disk(path)
    assert path.read_bytes() == b"precious"


def test_foreign_file_of_the_right_size_is_refused(tmp_path):
    path = tmp_path / "foreign.img"
    path.write_bytes(b"\xa5" * hostpage.DISK_BYTES)
    with pytest.raises(Fail, match="no magic number"):
        Disk(path)
    assert path.read_bytes()[:4] == b"\xa5" * 4


def test_other_version_is_refused(path):
    with open(path, "r+b") as file:
        file.seek(0xFF0004)
        file.write(struct.pack("<I", 2))
    with pytest.raises(Fail, match="version 2"):
        Disk(path)


def test_folder_is_refused(tmp_path):
    with pytest.raises(Fail, match="folder"):
        Disk(tmp_path)


def test_one_board_at_a_time(path):
    with Disk(path), pytest.raises(Fail, match="in use by another board"):
        Disk(path)
    Disk(path).close()


def test_romfs_partition(path):
    with Disk(path) as disk:
        disk.write_romfs(b"\xd2\xcd\x31" + b"x" * 10000)
        disk.write_romfs(b"\xd2\xcd\x31short")
        assert disk.romfs(20) == b"\xd2\xcd\x31short".ljust(20, b"\0")
        disk.clear_romfs()
        assert disk.romfs(4 << 20) == bytes(4 << 20)
        with pytest.raises(Fail, match="bytes of ROMFS"):
            disk.write_romfs(bytes((4 << 20) + 1))
        assert disk.page.unique_id != bytes(8)
