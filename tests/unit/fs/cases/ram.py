# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
from fs import RamBlockDevice
from support import MICROPYTHON, check_blockdevice, check_deinit, check_filesystems, raises


def contents(device, addr, n):
    buf = bytearray(n)
    device.read(addr, buf)
    return bytes(buf)


def test_memory_conforms():
    for options in (
        {"erase_size": 512},
        {"program_size": 4, "erase_size": 1024, "erase_value": 0xFF},
        {"erase_size": 700, "erase_value": 0},
    ):
        check_blockdevice(
            RamBlockDevice(bytearray(16 * options["erase_size"]), **options), rounds=10
        )
    check_deinit(RamBlockDevice(bytearray(4096)))
    raises(ValueError, RamBlockDevice, bytearray(1000))


def test_memory_keeps_what_is_there():
    memory = bytearray(bytes(range(256)) * 4)
    device = RamBlockDevice(memory)
    assert contents(device, 3, 300) == bytes(memory[3:303])
    device.program(5, memoryview(b"hello")[1:])
    assert memory[4:10] == b"\x04ello\x09"


def test_copies_of_all_alignments():
    memory = bytearray(1024)
    device = RamBlockDevice(memory)
    source = bytes([n * 7 & 0xFF for n in range(128)])
    view = memoryview(source)
    for to in range(5):
        for from_ in range(5):
            for n in (0, 1, 2, 3, 4, 5, 15, 16, 17, 19, 20, 33, 63, 64):
                for i in range(100):
                    memory[i] = 0xEE
                device.program(8 + to, view[from_ : from_ + n])
                expected = b"\xee" * (8 + to) + source[from_ : from_ + n]
                assert memory[:100] == expected + b"\xee" * (100 - len(expected))
                back = bytearray(n + 8)
                device.read(8 + to, memoryview(back)[from_ : from_ + n])
                assert back[from_ : from_ + n] == source[from_ : from_ + n]
                assert back[:from_] == bytes(from_) and back[from_ + n :] == bytes(8 - from_)


def test_file_systems():
    if MICROPYTHON:
        check_filesystems(RamBlockDevice(bytearray(64 * 1024), erase_size=512))


def test_a_constant_is_not_read_into():
    device = RamBlockDevice(bytearray(4096))
    constant = b"stays"
    error = raises(TypeError, device.read, 0, constant)
    assert "bytearray" in str(error)
    assert device.readblocks(0, constant) != 0
    assert constant == b"stays"
