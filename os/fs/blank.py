"""Whether a medium is blank, and the mark that tells an interrupted format from damage."""

from errno import EIO

from micropython import const

# Requests of MicroPython's block protocol, vfs.AbstractBlockDev.ioctl().
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)

_PIECE = const(512)
_MARK = b"Coil OS: formatting"  # the boot code's, too


def geometry(device):
    """(blocks, bytes in a block) of a device with MicroPython's face."""
    return device.ioctl(_BLOCK_COUNT, 0), device.ioctl(_BLOCK_SIZE, 0)


def is_blank(device, first=0, end=None, skip=0):
    """Whether all bytes of the blocks from `first` up to `end` are one and the same, as those of a
    medium are that nothing was written to: 0, 0xFF, or its erase_value.

    skip: so many bytes of each block do not matter, a multiple of 512.
    Reads no further than to the first byte that is not. Raises OSError(EIO). Context: not an ISR.
    """
    count, size = geometry(device)
    piece = min(size, _PIECE)
    buf = bytearray(piece)
    same = None
    for block in range(first, count if end is None else end):
        for offset in range(skip, size, piece):
            _read(device, block, buf, offset, size)
            if same is None:
                if buf[0] not in (0, 0xFF, getattr(device, "erase_value", None)):
                    return False
                same = bytes(buf[:1]) * piece
            if buf != same:
                return False
    return True


def _read(device, block, buf, offset, size):
    # Devices that only FAT can use know no offset.
    whole = len(buf) == size
    error = device.readblocks(block, buf) if whole else device.readblocks(block, buf, offset)
    check(error, "cannot be read")


def check(result, what):
    """Raise the OSError that a result of MicroPython's face stands for."""
    if result is False:
        result = -EIO
    if result is not None and result is not True and result < 0:
        raise OSError(-result, "the device %s" % what)


def interrupted(device, first):
    """Whether the format of a blank device has ended half-way: the mark is there, and nothing else from
    block `first` on; or a part of the mark, and nothing else at all.
    """
    count, size = geometry(device)
    last = count - 1
    if first >= last:
        return False
    buf = bytearray(min(size, _PIECE))
    _read(device, last, buf, 0, size)
    blank = buf[-1]
    if buf[len(_MARK) :] != bytes((blank,)) * (len(buf) - len(_MARK)):
        return False
    if not buf.startswith(_MARK):
        for i in range(len(_MARK)):
            # Each bit is still that of a blank medium, or the mark's already.
            if (buf[i] ^ _MARK[i]) & ~(blank ^ _MARK[i]):
                return False
        first = 0
    return is_blank(device, last, count, len(buf)) and is_blank(device, first, last)


def mark(device, on):
    """Write the mark into the last block, or take it away. The block holds nothing that counts."""
    count, size = geometry(device)
    if hasattr(device, "program_size"):
        start = (count - 1) * size
        device.erase(start, size)
        if on or device.erase_value is None:
            n = len(_MARK)
            piece = bytearray(n + -n % device.program_size)
            device.read(start, piece)
            # What is behind the mark stays as it is on a blank medium.
            piece[:n] = _MARK if on else bytes(1) * n
            device.program(start, piece)
    else:
        buf = bytearray(size)
        if on:
            buf[: len(_MARK)] = _MARK
        check(device.writeblocks(count - 1, buf), "cannot be written")
