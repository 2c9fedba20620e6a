# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
from errno import EIO

from fs import FlashSimBlockDevice, HeapBlockDevice
from support import MICROPYTHON, check_blockdevice, check_deinit, check_filesystems, raises

GEOMETRIES = (
    {"size": 4 * 4096, "program_size": 8, "erase_size": 4096, "erase_value": 0xFF},
    {"size": 2048, "program_size": 256, "erase_size": 256, "erase_value": 0xFF},
    {"size": 16 * 512, "program_size": 512, "erase_size": 512},
    {"size": 4096, "erase_size": 1},
    {"size": 3 * 700, "program_size": 4, "erase_size": 700, "erase_value": 0},
)


def contents(device, addr, n):
    buf = bytearray(n)
    device.read(addr, buf)
    return bytes(buf)


def test_heap_conformance():
    for geometry in GEOMETRIES:
        check_blockdevice(HeapBlockDevice(**geometry))
        check_deinit(HeapBlockDevice(**geometry))


def test_heap_holds_file_systems():
    if MICROPYTHON:
        check_filesystems(HeapBlockDevice(64 * 4096, erase_size=4096, erase_value=0xFF))
        check_filesystems(HeapBlockDevice(100 * 1024, program_size=512))


def test_heap_begins_erased():
    assert contents(HeapBlockDevice(1024), 0, 1024) == bytes(1024)
    device = HeapBlockDevice(1400, erase_size=700, erase_value=0xA5)
    assert contents(device, 0, 1400) == b"\xa5" * 1400


def test_images():
    device = HeapBlockDevice(2048, erase_size=512, erase_value=0xFF)
    device.program(100, b"before")
    image = device.image()
    device.erase(0, 2048)
    device.load(image)
    assert contents(device, 98, 10) == b"\xff\xffbefore\xff\xff"
    raises(ValueError, device.load, image[1:])
    assert device.image() == image


def test_flash_conformance():
    for geometry in GEOMETRIES:
        value = geometry.get("erase_value")
        value = 0xFF if value is None else value
        check_blockdevice(FlashSimBlockDevice(HeapBlockDevice(**geometry), value))
    check_deinit(FlashSimBlockDevice(HeapBlockDevice(1024)))


def test_flash_holds_littlefs():
    if MICROPYTHON:
        heap = HeapBlockDevice(64 * 4096, program_size=16, erase_size=4096)
        check_filesystems(FlashSimBlockDevice(heap))


def test_flash_wants_an_erase():
    device = FlashSimBlockDevice(HeapBlockDevice(1024, program_size=4, erase_size=256))
    raises(OSError, device.program, 8, b"1234")  # there are zeros
    device.erase(0, 1024)
    device.program(8, b"12345678")
    error = raises(OSError, device.program, 4, b"abcdefgh")
    assert error.args[0] == EIO and "0x8" in error.args[1], error
    assert contents(device, 4, 16) == b"\xff\xff\xff\xff12345678\xff\xff\xff\xff"
    raises(OSError, device.program, 12, b"\xff\xff\xff\xff")
    device.program(4, b"abcd")
    device.erase(256, 768)
    raises(OSError, device.program, 8, b"1234")
    device.erase(0, 256)
    device.program(4, b"abcdefgh")
    assert contents(device, 0, 16) == b"\xff\xff\xff\xffabcdefgh\xff\xff\xff\xff"


def test_flash_learns_what_is_there():
    heap = HeapBlockDevice(1024, program_size=4, erase_size=256, erase_value=0xFF)
    heap.program(8, b"1234")
    device = FlashSimBlockDevice(heap)
    raises(OSError, device.program, 8, b"1234")
    device.program(12, b"1234")
    raises(ValueError, FlashSimBlockDevice, heap, 0)


def test_coil_has_the_classes_of_fs():
    import coil
    import fs

    names = [name for name in coil._LAZY if coil._LAZY[name] == "fs"]
    assert "TDBStore" in names and "SlicingBlockDevice" in names
    for name in names:
        assert getattr(coil, name) is getattr(fs, name), name
