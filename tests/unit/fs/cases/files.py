# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
import os
from errno import EIO, ENOENT

from fs import FileBlockDevice, FlashSimBlockDevice, ReadOnlyBlockDevice
from support import MICROPYTHON, check_blockdevice, check_deinit, check_filesystems, raises

if MICROPYTHON:
    FOLDER = "/flash/medium"
else:
    import tempfile

    FOLDER = tempfile.mkdtemp()
PATH = FOLDER + "/image"


def fresh():
    """The path of a file that is not there, in a folder that is."""
    try:
        os.mkdir(FOLDER)
    except OSError:
        assert os.stat(FOLDER)
    try:
        os.remove(PATH)
    except OSError as error:
        assert error.errno == ENOENT
    return PATH


def clear():
    os.remove(PATH)
    os.rmdir(FOLDER)


def contents(device, addr=0, n=None):
    buf = bytearray(device.size if n is None else n)
    device.read(addr, buf)
    return bytes(buf)


def test_conformance():
    for geometry in (
        {"program_size": 16, "erase_size": 1024, "erase_value": 0xFF},
        {"erase_size": 512},
    ):
        # What C allocates for a file of a file system is not the device's.
        device = FileBlockDevice(fresh(), 8192, **geometry)
        check_blockdevice(device, rounds=30, steady=False)
        check_deinit(device)
    device = FileBlockDevice(fresh(), 4096)
    check_blockdevice(FlashSimBlockDevice(device), rounds=10, steady=False)
    device.deinit()
    clear()


def test_a_file_system_in_a_file():
    if MICROPYTHON:
        with FileBlockDevice(fresh(), 64 * 1024) as device:
            check_filesystems(device)
        clear()


def test_the_file_outlives_the_device():
    with FileBlockDevice(fresh(), 4096, erase_value=0xFF) as device:
        assert "image" in repr(device)
        assert contents(device) == b"\xff" * 4096
        device.program(1000, b"stays")
    with FileBlockDevice(PATH) as device:
        assert device.size == 4096 and contents(device, 999, 7) == b"\xffstays\xff"
    with FileBlockDevice(PATH, 4608, erase_value=0xAA) as device:
        assert contents(device, 4095, 513) == b"\xff" + b"\xaa" * 512
        assert contents(device, 1000, 5) == b"stays"
    with open(PATH, "rb") as file:
        assert file.read() == b"\xff" * 1000 + b"stays" + b"\xff" * 3091 + b"\xaa" * 512
    clear()


def test_what_was_synced_is_seen_by_others():
    device = FileBlockDevice(fresh(), 4096)
    device.program(7, b"there")
    device.sync()
    with open(PATH, "rb") as file:
        file.seek(7)
        assert file.read(5) == b"there"
    device.deinit()
    clear()


def test_wrong_files():
    fresh()
    assert raises(OSError, FileBlockDevice, PATH).args[0] == ENOENT
    assert raises(OSError, FileBlockDevice, FOLDER + "/none/image", 4096).args[0] == ENOENT
    with open(PATH, "wb") as file:
        file.write(bytes(1000))
    raises(ValueError, FileBlockDevice, PATH)  # no multiple of 512
    raises(ValueError, FileBlockDevice, PATH, 512)  # it would lose something
    with FileBlockDevice(PATH, erase_size=100) as device:
        assert device.size == 1000
    clear()


def test_a_file_that_becomes_shorter():
    device = FileBlockDevice(fresh(), 4096)
    device.program(0, b"x" * 4096)
    device.sync()
    if MICROPYTHON:
        device._file.close()
        with open(PATH, "wb") as file:
            file.write(b"x" * 1024)
        device._file = open(PATH, "r+b")  # noqa: SIM115 - the device closes it
    else:
        os.truncate(PATH, 1024)
    assert raises(OSError, device.read, 1000, bytearray(100)).args[0] == EIO
    assert raises(OSError, device.read, 2000, bytearray(100)).args[0] == EIO
    assert device.readblocks(4, bytearray(512)) == -EIO
    assert contents(device, 0, 1024) == b"x" * 1024
    device.deinit()
    clear()


def test_read_only():
    with FileBlockDevice(fresh(), 4096) as below:
        device = ReadOnlyBlockDevice(below)
        raises(OSError, device.program, 0, b"x")
        assert contents(device) == bytes(4096)
    clear()
