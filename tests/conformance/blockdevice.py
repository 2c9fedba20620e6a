"""The suite of the contract "block device" (docs/contracts.md), for any device that claims to be one.

check_blockdevice(device) runs everything but what ends the device and what needs MicroPython's file
systems; it overwrites the first two, one in the middle and the last of the erase blocks.
check_filesystems(device) formats it twice. check_deinit(device) is the end of it.
Runs on MicroPython and CPython; knows nothing of pytest. A case file has it with
`# uses: conformance/blockdevice.py`.
"""

import random
import sys
from errno import EINVAL, ENODEV

_ON_BOARD = sys.implementation.name == "micropython"
_COUNT, _SIZE, _ERASE, _SYNC = 4, 5, 6, 3


def check_blockdevice(device, seed=None, rounds=60, steady=True):
    """Raises AssertionError at the first rule that the device breaks.

    steady: False where something below the driver allocates, as simulated chips do.
    """
    if seed is None:
        seed = random.getrandbits(30)
    print("conformance seed", seed, device)
    random.seed(seed)
    _geometry(device)
    _limits(device)
    for block in _blocks(device):
        _program_and_read(device, block)
    _pieces(device)
    _neighbours(device)
    _callers_buffers(device)
    _overwrite(device)
    _face(device)
    _face_errors(device)
    _random(device, rounds)
    if steady:
        _no_allocation(device)


def check_filesystems(device, kinds=("VfsLfs2", "VfsFat")):
    """Format it, write files, mount it again: MicroPython's littlefs and FAT."""
    import os

    import vfs

    for kind in kinds:
        make = getattr(vfs, kind)
        options = {}
        if kind == "VfsLfs2":
            unit = max(device.program_size, 32)
            options = {"readsize": unit, "progsize": unit, "lookahead": 32}
        make.mkfs(device, **options)
        vfs.mount(make(device, **options), "/conformance")
        try:
            os.mkdir("/conformance/folder")
            for n in range(6):
                with open(f"/conformance/folder/{n}.bin", "wb") as file:
                    for _ in range(5):
                        file.write(bytes([n]) * 333)
            os.remove("/conformance/folder/3.bin")
            os.rename("/conformance/folder/4.bin", "/conformance/moved")
        finally:
            vfs.umount("/conformance")
        vfs.mount(make(device, **options), "/conformance")
        try:
            assert sorted(os.listdir("/conformance/folder")) == sorted(
                ["0.bin", "1.bin", "2.bin", "5.bin"]
            ), kind
            for name, n in (("folder/0.bin", 0), ("folder/5.bin", 5), ("moved", 4)):
                with open("/conformance/" + name, "rb") as file:
                    assert file.read() == bytes([n]) * (5 * 333), (kind, name)
        finally:
            vfs.umount("/conformance")


def check_deinit(device):
    """After deinit() every call but deinit() raises OSError(ENODEV)."""
    device.deinit()
    device.deinit()
    buf = bytearray(device.program_size)
    for call in (
        lambda: device.read(0, buf),
        lambda: device.program(0, buf),
        lambda: device.erase(0, device.erase_size),
        lambda: device.trim(0, device.erase_size),
        device.sync,
    ):
        assert _error(OSError, call).args[0] == ENODEV
    assert device.readblocks(0, buf) == -ENODEV
    assert device.writeblocks(0, buf, 0) == -ENODEV
    assert device.ioctl(_SYNC, 0) == -ENODEV
    assert "deinit" in repr(device), repr(device)


# ---- The rules


def _geometry(device):
    sizes = (device.read_size, device.program_size, device.erase_size, device.size)
    assert all(isinstance(size, int) and size > 0 for size in sizes), sizes
    for small, large in zip(sizes, sizes[1:]):  # noqa: B905
        assert large % small == 0, sizes
    value = device.erase_value
    assert value is None or 0 <= value <= 255
    assert len(repr(device)) < 200 and type(device).__name__ in repr(device)


def _limits(device):
    size = device.size
    unit = device.program_size
    block = device.erase_size
    device.read(0, bytearray())
    device.read(size, bytearray())
    device.program(0, b"")
    device.program(size, b"")
    device.erase(size, 0)
    device.trim(size, 0)
    before = _contents(device, 0, block)
    one = bytearray(1)
    wrong = [
        lambda: device.read(size, one),
        lambda: device.read(-1, one),
        lambda: device.read(size - 1, bytearray(2)),
        lambda: device.program(size, bytes(unit)),
        lambda: device.program(-unit, bytes(unit)),
        lambda: device.program(size - unit, bytes(2 * unit)),
        lambda: device.erase(size, block),
        lambda: device.erase(-block, block),
        lambda: device.erase(0, -block),
        lambda: device.erase(size - block, 2 * block),
        lambda: device.trim(size, block),
    ]
    if unit > 1:
        wrong += [
            lambda: device.program(1, bytes(unit)),
            lambda: device.program(0, bytes(unit + 1)),
            lambda: device.program(0, bytes(unit - 1)),
        ]
    if block > 1:
        wrong += [
            lambda: device.erase(1, block),
            lambda: device.erase(0, block - 1),
            lambda: device.erase(0, block + 1),
            lambda: device.trim(1, block),
        ]
    for n in range(len(wrong)):
        _error(ValueError, wrong[n])
    assert _contents(device, 0, block) == before, "an error has changed something"


def _program_and_read(device, addr):
    n = device.erase_size
    device.erase(addr, n)
    if device.erase_value is not None:
        assert _contents(device, addr, n) == bytes([device.erase_value]) * n
    data = _noise(n)
    device.program(addr, data)
    device.sync()
    assert _contents(device, addr, n) == data
    for _ in range(10):  # any part of it
        start = random.randrange(n)
        length = random.randrange(n - start) + 1
        assert _contents(device, addr + start, length) == data[start : start + length]
    device.erase(addr, n)
    if device.erase_value is not None:
        assert _contents(device, addr, n) == bytes([device.erase_value]) * n
    device.trim(addr, n)
    device.erase(addr, n)
    device.program(addr, data)
    assert _contents(device, addr, n) == data


def _pieces(device):
    """An erased block is programmed piece by piece, in any order."""
    n = device.erase_size
    unit = device.program_size
    device.erase(0, n)
    data = _noise(n)
    places = list(range(0, n, unit))[:64]
    while places:
        at = places.pop(random.randrange(len(places)))
        device.program(at, data[at : at + unit])
        assert _contents(device, at, unit) == data[at : at + unit]
        if device.erase_value is not None:
            for other in places[:3]:
                assert _contents(device, other, unit) == bytes([device.erase_value]) * unit


def _neighbours(device):
    n = device.erase_size
    if device.size < 3 * n:
        return
    device.erase(0, 3 * n)
    data = [_noise(n) for _ in range(3)]
    for i in (2, 0, 1):
        device.program(i * n, data[i])
    assert _contents(device, 0, 3 * n) == data[0] + data[1] + data[2]
    device.erase(n, n)
    assert _contents(device, 0, n) == data[0]
    assert _contents(device, 2 * n, n) == data[2]
    device.program(n, data[2])
    assert _contents(device, 0, 3 * n) == data[0] + data[2] + data[2]
    across = bytearray(n)
    device.read(n // 2, across)
    assert across == (data[0] + data[2])[n // 2 : n // 2 + n]


def _callers_buffers(device):
    n = device.program_size
    device.erase(0, device.erase_size)
    buf = bytearray(_noise(n))
    kept = bytes(buf)
    device.program(0, buf)
    for i in range(n):
        buf[i] ^= 0xFF  # it is the caller's again
    assert _contents(device, 0, n) == kept
    frame = bytearray(b"\x5a" * (n + 4))
    device.read(0, memoryview(frame)[2:-2])
    assert frame == b"\x5a\x5a" + kept + b"\x5a\x5a"
    assert bytes(buf) != kept
    if device.size >= 2 * device.erase_size:
        device.erase(device.erase_size, device.erase_size)
        device.program(device.erase_size, memoryview(frame)[2:-2])
        assert _contents(device, device.erase_size, n) == kept


def _overwrite(device):
    if device.erase_value is not None:
        return
    n = device.erase_size
    for _ in range(3):
        data = _noise(n)
        device.program(0, data)
        assert _contents(device, 0, n) == data


def _face(device):
    count, size = device.ioctl(_COUNT, 0), device.ioctl(_SIZE, 0)
    assert count == device.size // size and size >= 512 and size % device.erase_size == 0
    last = count - 1
    data = _noise(size)
    assert not device.writeblocks(last, data)
    back = bytearray(size)
    assert not device.readblocks(last, back)
    assert back == data == _contents(device, last * size, size)
    data = _noise(size)
    assert not device.writeblocks(last, data)  # with an erase of its own
    assert _contents(device, last * size, size) == data
    if count > 1:
        both = _noise(2 * size)
        assert not device.writeblocks(last - 1, both)
        assert _contents(device, (last - 1) * size, 2 * size) == both
    assert not device.ioctl(_ERASE, last)
    unit = device.program_size
    piece = _noise(unit)
    assert not device.writeblocks(last, piece, size - unit)  # without
    if size > unit:
        assert not device.writeblocks(last, piece, 0)
    back = bytearray(unit)
    for offset in (0, size - unit):
        assert not device.readblocks(last, back, offset)
        assert back == piece
    assert not device.ioctl(_SYNC, 0)
    assert not device.ioctl(1, 0) and not device.ioctl(2, 0)


def _face_errors(device):
    """A file system that reads nonsense gets an errno, never an exception in its middle."""
    count, size = device.ioctl(_COUNT, 0), device.ioctl(_SIZE, 0)
    buf = bytearray(size)
    assert device.readblocks(count, buf) == -EINVAL
    assert device.readblocks(-1, buf) == -EINVAL
    assert device.writeblocks(count, buf) == -EINVAL
    assert device.writeblocks(count - 1, buf, device.program_size) == -EINVAL
    assert device.ioctl(_ERASE, count) == -EINVAL


def _random(device, rounds):
    """Against a model: what the blocks hold, and what is erased."""
    n = device.erase_size
    unit = device.program_size
    blocks = _blocks(device)
    shadow = {}
    written = {}  # units: one that holds only erased bytes may have been programmed all the same
    for block in blocks:
        device.erase(block, n)
        shadow[block] = bytearray(_contents(device, block, n))
        written[block] = bytearray(n // unit)
    for _ in range(rounds):
        block = blocks[random.randrange(len(blocks))]
        model = shadow[block]
        action = random.randrange(4)
        if action == 0:
            device.erase(block, n)
            model[:] = _contents(device, block, n)
            written[block] = bytearray(n // unit)
            if device.erase_value is not None:
                assert model == bytes([device.erase_value]) * n
        elif action == 1:
            first = random.randrange(n // unit)
            pieces = random.randrange(n // unit - first) + 1
            start, end = first * unit, (first + pieces) * unit
            if device.erase_value is None or not any(written[block][first : first + pieces]):
                data = _noise(end - start)
                device.program(block + start, data)
                model[start:end] = data
                written[block][first : first + pieces] = b"\1" * pieces
        else:
            start = random.randrange(n)
            length = random.randrange(n - start) + 1
            assert _contents(device, block + start, length) == model[start : start + length]
    for block in blocks:
        assert _contents(device, block, n) == shadow[block]


def _no_allocation(device):
    if not _ON_BOARD:
        return
    import micropython

    n = device.erase_size
    buf = bytearray(n)
    part = memoryview(buf)[: device.program_size]
    for locked in (False, True):
        if locked:
            micropython.heap_lock()
        try:
            for _ in range(20):
                device.erase(0, n)
                device.program(0, part)
                device.read(0, buf)
                device.readblocks(0, part, 0)
                device.ioctl(_COUNT, 0)
                device.sync()
        finally:
            if locked:
                micropython.heap_unlock()


# ---- Helpers


def _blocks(device):
    """The addresses of the erase blocks that the suite writes."""
    last = device.size // device.erase_size - 1
    return [n * device.erase_size for n in sorted({0, min(1, last), last // 2, last})]


def _contents(device, addr, n):
    buf = bytearray(n)
    for i in range(0, n, 97):
        buf[i] = 0xA5  # what read() leaves alone is noticed
    device.read(addr, buf)
    return bytes(buf)


def _noise(n):
    return bytes(random.getrandbits(8) for _ in range(n))


def _error(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} expected")
