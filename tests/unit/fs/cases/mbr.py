# platforms: cpython host-stock host-native mps2-native
from errno import EINVAL, ENODEV, ENOENT, EOPNOTSUPP

from fs import HeapBlockDevice, MBRBlockDevice, partitions
from support import raises

partition = MBRBlockDevice.partition
K = 1024


def card(size=64 * K):
    return HeapBlockDevice(size, program_size=512, erase_size=512)


def fails(code, text, call, *arguments):
    error = raises(OSError, call, *arguments)
    assert error.args[0] == code and text in error.args[1], error


def table(*entries):
    """A first block with these (status, type, first block, blocks), by hand."""
    first = bytearray(512)
    for n, (status, kind, start, count) in enumerate(entries):
        at = 446 + 16 * n
        first[at] = status
        first[at + 4] = kind
        first[at + 8 : at + 12] = start.to_bytes(4, "little")
        first[at + 12 : at + 16] = count.to_bytes(4, "little")
    first[510:512] = b"\x55\xaa"
    return first


def test_a_table_is_made():
    device = card()
    partition(device, 1, 0x83, 4 * K, 8 * K)
    partition(device, 2, 0x0C, size=16 * K)
    partition(device, 4, 0x0E)
    assert partitions(device) == [
        (0x83, 4 * K, 8 * K),
        (0x0C, 12 * K, 16 * K),
        (0, 0, 0),
        (0x0E, 28 * K, 36 * K),
    ]
    first = bytearray(512)
    device.read(0, first)
    by_hand = table((0, 0x83, 8, 16), (0, 0x0C, 24, 32), (0, 0, 0, 0), (0, 0x0E, 56, 72))
    for n in (0, 1, 3):
        at = 446 + 16 * n
        by_hand[at + 1 : at + 4] = by_hand[at + 5 : at + 8] = b"\xfe\xff\xff"
    assert first == by_hand
    second = MBRBlockDevice(device, 2)
    assert (second.size, second.type) == (16 * K, 0x0C)
    second.program(0, b"x" * 512)
    found = bytearray(1)
    device.read(12 * K, found)
    assert found == b"x"


def test_entries_are_changed_and_removed():
    device = card()
    first = table((0x80, 6, 2, 2), (0, 0x83, 8, 8))
    first[:10] = b"bootloader"
    device.program(0, first)
    partition(device, 1, 0x0B, size=2 * K)
    found = bytearray(512)
    device.read(0, found)
    assert found[:10] == b"bootloader" and found[446] == 0x80
    assert partitions(device)[:2] == [(0x0B, 512, 2 * K), (0x83, 4 * K, 4 * K)]
    partition(device, 2, 0)
    fails(ENOENT, "partition 2 is empty", MBRBlockDevice, device, 2)
    assert partitions(device)[0] == (0x0B, 512, 2 * K)
    partition(device, 1, 0x0B)
    assert partitions(device)[0] == (0x0B, 512, 64 * K - 512)


def test_the_rest_up_to_the_next():
    device = card()
    partition(device, 3, 0x83, 32 * K)
    partition(device, 1, 0x83)
    assert partitions(device)[0] == (0x83, 512, 32 * K - 512)
    raises(ValueError, partition, device, 2, 0x83)  # no room is left


def test_partitions_of_flash_are_whole_blocks():
    device = HeapBlockDevice(64 * K, program_size=256, erase_size=4096, erase_value=0xFF)
    partition(device, 1, 0x83)
    assert partitions(device)[0] == (0x83, 4 * K, 60 * K)
    raises(ValueError, partition, device, 1, 0x83, 5 * K, 4 * K)
    raises(ValueError, partition, device, 1, 0x83, 4 * K, 5 * K)
    small = HeapBlockDevice(4096, erase_size=128)
    partition(small, 1, 0x83, 1024, 1024)
    assert MBRBlockDevice(small, 1).size == 1024


def test_wrong_partitions_are_refused():
    device = card()
    partition(device, 1, 0x83, 4 * K, 8 * K)
    before = device.image()
    for arguments in (
        (0, 0x83, 16 * K, K),
        (5, 0x83, 16 * K, K),
        ("2", 0x83, 16 * K, K),
        (2, 0x100, 16 * K, K),
        (2, 0x05, 16 * K, K),
        (2, 0xEE, 16 * K, K),
        (2, 0x83, 0, K),
        (2, 0x83, -512, K),
        (2, 0x83, 16 * K, 0),
        (2, 0x83, 16 * K, -512),
        (2, 0x83, 16 * K, 49 * K),
        (2, 0x83, 16 * K + 1, K),
        (2, 0x83, 16 * K, K + 1),
        (2, 0x83, 11 * K, 2 * K),
        (2, 0x83, 3 * K, 2 * K),
        (2, 0x83, 512, 40 * K),
        (2, 0x83, 5 * K, K),
    ):
        raises(ValueError, partition, device, *arguments)
    error = raises(ValueError, partition, device, 2, 0x83, 11 * K, 2 * K)
    assert "overlaps partition 1" in str(error), error
    assert device.image() == before
    raises(ValueError, partition, HeapBlockDevice(256, erase_size=256), 1, 0x83)


def test_hostile_tables():
    device = card()
    fails(ENODEV, "55 aa is expected", MBRBlockDevice, device, 1)
    fails(ENODEV, "too few", partitions, HeapBlockDevice(256, erase_size=256))
    for entries, code, text in (
        ([(0, 0, 8, 8)], ENOENT, "partition 1 is empty"),
        ([(0, 0x83, 8, 0)], ENOENT, "partition 1 is empty"),
        ([(0, 0x83, 0, 8)], EINVAL, "it begins in the table"),
        ([(0, 0x83, 8, 121)], EINVAL, "this device ends at 0x10000"),
        ([(0, 0x83, 128, 1)], EINVAL, "this device ends at"),
        ([(0, 0x83, 0xFFFFFFFF, 0xFFFFFFFF)], EINVAL, "this device ends at"),
        ([(0, 0x83, 8, 0xFFFFFFFF)], EINVAL, "this device ends at"),
        ([(0, 0x83, 8, 8), (0, 0x83, 15, 8)], EINVAL, "overlaps partition 2"),
        ([(0, 0x83, 8, 8), (0, 0, 0, 0), (0, 6, 2, 100)], EINVAL, "overlaps partition 3"),
        ([(0, 0x83, 8, 8), (0, 6, 8, 8)], EINVAL, "overlaps partition 2"),
        ([(1, 0x83, 8, 8)], EINVAL, "status 0x1"),
        ([(0, 0x83, 8, 8), (0xEB, 0x83, 30, 8)], EINVAL, "entry 2 has status 0xeb"),
        ([(0, 0xEE, 1, 127)], EOPNOTSUPP, "a GPT"),
        ([(0, 0x0F, 8, 8)], EOPNOTSUPP, "an extended partition"),
    ):
        device.program(0, table(*entries))
        fails(code, text, MBRBlockDevice, device, 1)
    device.program(0, table((0, 0x83, 8, 120)))
    assert MBRBlockDevice(device, 1).size == 60 * K
    flash = HeapBlockDevice(64 * K, erase_size=4096, erase_value=0xFF)
    flash.program(0, table((0, 0x83, 9, 8)))
    fails(EINVAL, "multiples of 4096", MBRBlockDevice, flash, 1)
    for number in (0, 5, -1, None, 1.0):
        raises(ValueError, MBRBlockDevice, device, number)


def test_every_byte_of_a_table_may_be_wrong():
    good = table((0x80, 0x83, 8, 16), (0, 0x0C, 24, 32), (0, 0, 0, 0), (0, 0x0E, 56, 72))
    device = card()
    for at in range(446, 512):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            device.program(0, bad)
            for number in range(1, 5):
                try:
                    found = MBRBlockDevice(device, number)
                except OSError as error:
                    assert error.args[0] in (EINVAL, ENODEV, ENOENT, EOPNOTSUPP)
                else:
                    found.read(found.size - 1, bytearray(1))
