"""MBRBlockDevice: one of the four partitions of a medium that has a PC's partition table.

The table: UEFI specification 2.10, section 5.2.1, "Legacy Master Boot Record", tables 5.1 and 5.2. It
counts in blocks of 512 bytes, whatever the medium's are.
"""

from errno import EINVAL, ENODEV, ENOENT, EOPNOTSUPP
from struct import pack_into, unpack_from

from micropython import const

from .slicingblockdevice import SlicingBlockDevice

_BLOCK = const(512)
_TABLE = const(446)
_ENTRY = const(16)
_SIGNATURE = const(510)
_COUNT = const(4)
_ACTIVE = const(0x80)
_FOR_GPT = const(0xEE)
_EXTENDED = (0x05, 0x0F, 0x85)
# Cylinder, head and sector of what lies beyond 8 GB, and so is to be found by block number only.
_NO_CHS = b"\xfe\xff\xff"


class MBRBlockDevice(SlicingBlockDevice):
    """A primary partition of a block device.

    device: a block device with a table; number: 1 to 4.

    Raises ValueError for another number; OSError(ENODEV) where there is no table, ENOENT where the
    partition is empty, EINVAL where the table cannot be right (the text says what it says), EOPNOTSUPP
    for GPT and extended partitions. deinit() gives up the partition only. Source: mbed's
    MBRBlockDevice.
    """

    def __init__(self, device, number):
        _check_number(number)
        table = partitions(device)
        kind, start, size = table[number - 1]
        if not kind:
            raise OSError(ENOENT, "partition %d is empty" % number)
        if kind in _EXTENDED or kind == _FOR_GPT:
            what = "a GPT" if kind == _FOR_GPT else "an extended partition"
            raise OSError(EOPNOTSUPP, "partition %d is for %s" % (number, what))
        _check_entry(device, number, table, EINVAL)
        super().__init__(device, start, start + size)
        self.type = kind

    @staticmethod
    def partition(device, number, type, start=None, size=None):
        """Make, change or remove an entry of the table, and make the table if there is none.

        number: 1 to 4. type: a byte: 0x83 Linux, 0x0B and 0x0C FAT32, 0x01, 0x04, 0x06 and 0x0E FAT,
        0: the entry becomes empty. start: bytes; None: behind the table and the partitions of lower
        numbers. size: bytes; None: to the next one, or the end. Both are multiples of erase_size
        and 512. What is in the partitions stays as it is, and so does a boot loader.

        Raises ValueError for what does not fit or overlaps, and as program(). A power cut here may
        cost the table.
        """
        _check_number(number)
        if not 0 <= type <= 0xFF or type == _FOR_GPT or type in _EXTENDED:
            raise ValueError("type: 0, or that of a primary partition, not %r" % (type,))
        first = bytearray(_table_size(device))
        if len(first) > device.size:
            raise ValueError("a device of %d bytes has no room for a table" % device.size)
        try:
            table = partitions(device)
            device.read(0, first)
        except OSError as error:
            if error.errno not in (ENODEV, EINVAL):
                raise
            table = [(0, 0, 0)] * _COUNT
        entry = (0, 0, 0)
        if type:
            if start is None:
                ends = [start + size for kind, start, size in table[: number - 1] if kind]
                start = max([len(first)] + ends)
            if size is None:
                starts = [
                    other[1] for n, other in enumerate(table) if other[0] and n != number - 1
                ]
                size = min([other for other in starts if other >= start] + [device.size]) - start
            entry = (type, start, size)
        table[number - 1] = entry
        if type:
            _check_entry(device, number, table, None)
        place = _TABLE + _ENTRY * (number - 1)
        active = first[place] & _ACTIVE
        first[place : place + _ENTRY] = bytes(_ENTRY)
        if type:
            pack_into(
                "<B3sB3sII",
                first,
                place,
                active,
                _NO_CHS,
                type,
                _NO_CHS,
                start // _BLOCK,
                size // _BLOCK,
            )
        first[_SIGNATURE] = 0x55
        first[_SIGNATURE + 1] = 0xAA
        device.erase(0, len(first))
        device.program(0, first)
        device.sync()


def partitions(device):
    """What the table of a device says: [(type, start, size in bytes), ...], four of them.

    type 0: empty. Nothing is promised about the numbers. Raises OSError(ENODEV), OSError(EINVAL).
    """
    first = bytearray(_BLOCK)
    if device.size < _BLOCK:
        raise OSError(ENODEV, "%d bytes are too few for a partition table" % device.size)
    device.read(0, first)
    if first[_SIGNATURE] != 0x55 or first[_SIGNATURE + 1] != 0xAA:
        raise OSError(
            ENODEV,
            "no partition table: 55 aa is expected at 510, there is %02x %02x"
            % (first[_SIGNATURE], first[_SIGNATURE + 1]),
        )
    found = []
    for n in range(_COUNT):
        status, _, kind, _, start, count = unpack_from("<B3sB3sII", first, _TABLE + _ENTRY * n)
        if status & ~_ACTIVE:
            # The boot sector of a file system has the same signature.
            raise OSError(EINVAL, "no partition table: entry %d has status %#x" % (n + 1, status))
        if not kind or not count:
            kind = start = count = 0
        found.append((kind, start * _BLOCK, count * _BLOCK))
    return found


def _check_number(number):
    if not isinstance(number, int) or not 1 <= number <= _COUNT:
        raise ValueError("a table has the partitions 1 to 4, not %r" % (number,))


def _table_size(device):
    unit = device.erase_size
    return (_BLOCK + unit - 1) // unit * unit


def _check_entry(device, number, table, code):
    """Raise ValueError, or OSError(code), if a partition cannot be where the table says."""
    _, start, size = table[number - 1]
    unit = max(_BLOCK, device.erase_size)
    text = None
    if start < _table_size(device):
        text = "it begins in the table"
    elif size <= 0 or start + size > device.size:
        text = "this device ends at %#x" % device.size
    elif start % unit or size % unit or start % device.erase_size or size % device.erase_size:
        text = "both must be multiples of %d" % unit
    else:
        for n in range(_COUNT):
            kind, first, count = table[n]
            if kind and n != number - 1 and first < start + size and start < first + count:
                text = "it overlaps partition %d, %d bytes at %#x" % (n + 1, count, first)
    if text:
        text = "partition %d, %d bytes at %#x: %s" % (number, size, start, text)
        if code is None:
            raise ValueError(text)
        raise OSError(code, text)
