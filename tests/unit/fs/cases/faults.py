# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
from errno import EIO

from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, PowerCut
from support import (
    MICROPYTHON,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    no_allocation,
    raises,
)

TORN = (None, "half", "random")


def flash():
    heap = HeapBlockDevice(8 * 256, program_size=16, erase_size=256, erase_value=0xFF)
    return FlashSimBlockDevice(heap)


def card():
    return HeapBlockDevice(8 * 256, program_size=256, erase_size=256)


def contents(device, addr=0, n=None):
    buf = bytearray(device.size if n is None else n)
    device.read(addr, buf)
    return bytes(buf)


def test_conformance():
    for make in (flash, card):
        check_blockdevice(FaultInjectingBlockDevice(make()))
        check_blockdevice(FaultInjectingBlockDevice(make(), cached=True), steady=False)
        check_deinit(FaultInjectingBlockDevice(make()))
    if MICROPYTHON:
        heap = HeapBlockDevice(40 * 4096, erase_size=4096, erase_value=0xFF)
        check_filesystems(FaultInjectingBlockDevice(heap))
        check_filesystems(FaultInjectingBlockDevice(heap, cached=True))


def workload(device):
    """Of 12 operations. Nothing depends on what is read."""
    for n in range(4):
        device.erase(n * 256, 256)
        device.program(n * 256, bytes([65 + n]) * 256)
        if n == 1:
            device.sync()
        device.erase((4 + n) * 256, 256)


def after(make, k, torn, seed=1, cached=False):
    """What is on the medium after a cut at operation k."""
    below = make()
    device = FaultInjectingBlockDevice(below, seed, cached)
    device.cut_at(k, torn)
    error = raises(PowerCut, workload, device)
    assert f"operation {k}," in error.args[0] and f"seed={seed}" in error.args[0]
    assert device.is_cut
    device.restore()
    return contents(below)


def test_a_cut_leaves_what_was_done_before():
    for make in (flash, card):
        for k in range(12):
            plain = make()
            device = FaultInjectingBlockDevice(plain)
            device.fail_at(k)
            assert raises(OSError, workload, device).args[0] == EIO
            assert after(make, k, None) == contents(plain), k
        device = FaultInjectingBlockDevice(make())
        device.cut_at(12)
        workload(device)
        assert (device.operations, device.programs, device.erases, device.syncs) == (12, 4, 8, 1)


def test_half_a_program():
    found = after(flash, 4, "half")  # the program of block 1
    assert found[:256] == b"A" * 256
    assert found[256:512] == b"B" * 128 + b"\xff" * 128
    found = after(card, 4, "half")
    assert found[256:512] == b"B" * 128 + bytes(128)


def test_half_an_erase():
    below = flash()
    below.program(0, b"x" * 1024)
    device = FaultInjectingBlockDevice(below)
    device.cut_at(0, "half")
    raises(PowerCut, device.erase, 0, 256)
    assert contents(below, 0, 512) == b"\xff" * 128 + b"x" * 384
    device = device.restore()
    device.cut_at(1, "half")
    device.program(0, b"y" * 128)  # what was erased can be programmed
    raises(PowerCut, device.erase, 0, 1024)
    assert contents(below, 0, 1024) == b"\xff" * 512 + b"x" * 512


def test_random_tears_are_within_the_operation():
    kinds = set()
    for seed in range(60):
        found = after(flash, 4, "random", seed)
        assert found[:256] == b"A" * 256 and found[512:] == b"\xff" * (6 * 256)
        for start in range(256, 512, 16):
            unit = found[start : start + 16]
            if unit == b"B" * 16:
                kinds.add("new")
            elif unit == b"\xff" * 16:
                kinds.add("old")
            else:
                kinds.add("mixed")
                # Programming clears bits only.
                assert all(byte & 0x42 == 0x42 for byte in unit), unit
    assert len(kinds) == 3, kinds


def test_random_erases_set_bits_only():
    seen = set()
    for seed in range(40):
        below = flash()
        below.program(256, b"x" * 512)
        device = FaultInjectingBlockDevice(below, seed)
        device.cut_at(0, "random")
        raises(PowerCut, device.erase, 256, 256)
        found = contents(below, 256, 512)
        assert found[256:] == b"x" * 256
        assert all(byte & 0x78 == 0x78 for byte in found[:256])
        mixed = found[:256] not in (b"x" * 256, b"\xff" * 256)
        seen.add("mixed" if mixed else found[:1])
    assert len(seen) == 3, seen


def test_the_same_seed_gives_the_same_bytes():
    for make in (flash, card):
        different = set()
        for seed in range(20):
            for torn in TORN:
                for cached in (False, True):
                    for k in (3, 4, 11):
                        once = after(make, k, torn, seed, cached)
                        assert once == after(make, k, torn, seed, cached)
                        different.add(once)
        assert len(different) > 20


def test_a_cache_keeps_what_was_synced_and_reorders_the_rest():
    seen = set()
    for seed in range(80):
        found = after(flash, 11, None, seed, True)  # after the sync: 2, 6, 3 and 7
        assert found[:512] == b"A" * 256 + b"B" * 256
        two, three = found[512:768], found[768:1024]
        assert two in (b"\xff" * 256, b"C" * 256) and three in (b"\xff" * 256, b"D" * 256)
        seen.add((two[0], three[0]))
    assert len(seen) == 4, seen  # also the later one without the earlier one


def test_a_cache_is_read():
    below = card()
    device = FaultInjectingBlockDevice(below, cached=True)
    device.program(256, b"1" * 512)
    assert contents(below) == bytes(8 * 256)
    assert contents(device, 200, 700) == bytes(56) + b"1" * 512 + bytes(132)
    device.program(512, b"2" * 256)
    assert contents(device, 511, 2) == b"12"
    device.sync()
    assert contents(below, 200, 700) == contents(device, 200, 700)
    assert contents(below, 511, 2) == b"12"


def test_without_power_nothing_works():
    device = FaultInjectingBlockDevice(flash())
    device.cut_at(0)
    buf = bytearray(16)
    raises(PowerCut, device.program, 0, buf)
    for call in (
        lambda: device.read(0, buf),
        lambda: device.program(0, buf),
        lambda: device.erase(0, 256),
        lambda: device.trim(0, 256),
        lambda: device.readblocks(0, buf),
        lambda: device.writeblocks(0, buf, 0),
        lambda: device.ioctl(6, 0),
        device.sync,
    ):
        raises(PowerCut, call)
    fresh = device.restore()
    raises(PowerCut, device.read, 0, buf)  # what still holds the old one cannot write
    fresh.program(0, b"0123456789abcdef")
    assert contents(fresh, 0, 16) == b"0123456789abcdef"
    device.deinit()
    device.deinit()
    assert "deinit" in repr(device)


def test_the_context_manager_lets_the_cut_through():
    def work():
        with FaultInjectingBlockDevice(flash()) as device:
            device.cut_at(1)
            device.erase(0, 512)
            device.erase(512, 512)

    raises(PowerCut, work)


def test_a_cut_goes_through_a_handler_of_exceptions():
    device = FaultInjectingBlockDevice(flash())
    device.cut_at(0)

    def work():
        try:
            device.erase(0, 256)
        except Exception:
            raise AssertionError("it was caught") from None

    raises(PowerCut, work)


def test_power_off_at_the_end_loses_what_was_not_synced():
    kept = set()
    for seed in range(20):
        below = card()
        device = FaultInjectingBlockDevice(below, seed, cached=True)
        device.program(0, b"1" * 256)
        device.sync()
        device.program(256, b"2" * 256)
        device = device.restore()
        assert contents(device, 0, 256) == b"1" * 256
        kept.add(contents(device, 256, 256))
    assert kept == {bytes(256), b"2" * 256}


def test_two_cuts():
    device = FaultInjectingBlockDevice(flash())
    device.cut_at(2)
    raises(PowerCut, workload, device)
    device = device.restore()
    assert device.operations == 0
    device.cut_at(1)
    raises(PowerCut, workload, device)
    device = device.restore()
    workload(device)
    assert contents(device, 0, 1024) == b"A" * 256 + b"B" * 256 + b"C" * 256 + b"D" * 256


def test_a_dropped_operation_is_silent():
    device = FaultInjectingBlockDevice(flash())
    device.drop_at(1)
    device.program(0, b"1" * 16)
    device.program(16, b"2" * 16)
    device.program(32, b"3" * 16)
    assert contents(device, 0, 48) == b"1" * 16 + b"\xff" * 16 + b"3" * 16
    device.drop_at(0)
    device.erase(0, 256)
    assert contents(device, 0, 16) == b"1" * 16
    device = FaultInjectingBlockDevice(card(), cached=True)
    device.drop_at(0)
    device.program(0, b"1" * 256)
    device.sync()
    assert contents(device, 0, 256) == bytes(256)


def test_errors():
    device = FaultInjectingBlockDevice(flash())
    device.fail_at(1, 5)
    device.fail_read_at(1, 110)
    contents(device)
    assert raises(OSError, contents, device).args[0] == 110
    contents(device)
    device.erase(0, 256)
    assert raises(OSError, device.program, 0, b"1" * 16).args[0] == 5
    assert contents(device, 0, 16) == b"\xff" * 16
    device.program(0, b"1" * 16)
    device.fail_at(0, 5)
    assert device.writeblocks(0, bytes(16), 32) == -5
    device.fail_at(0)
    device.fail_at(None)
    device.program(16, b"1" * 16)


def test_bit_rot():
    below = flash()
    below.program(256, b"x" * 256)
    device = FaultInjectingBlockDevice(below, 7)
    before = contents(device)
    flipped = device.rot(3, 256, 256)
    expected = bytearray(before)
    for addr, bit in flipped:
        assert 256 <= addr < 512
        expected[addr] ^= 1 << bit
    assert contents(device) == expected != before
    assert FaultInjectingBlockDevice(flash(), 7).rot(3, 256, 256) == flipped
    assert FaultInjectingBlockDevice(card(), 8).rot(3, 256, 256) != flipped
    device = FaultInjectingBlockDevice(card())
    ((addr, bit),) = device.rot(1)
    expected = bytearray(device.size)
    expected[addr] ^= 1 << bit
    assert contents(device) == expected
    assert device.operations == 0
    raises(ValueError, device.rot, 1, device.size)


def test_rot_reaches_large_devices():
    device = FaultInjectingBlockDevice(HeapBlockDevice(1 << 18, erase_size=512), 3)
    assert any(device.rot(1)[0][0] > 0x18000 for _ in range(30))


def test_wrong_orders():
    device = FaultInjectingBlockDevice(flash())
    for call in (
        lambda: device.cut_at(-1),
        lambda: device.cut_at(0, "some"),
        lambda: device.drop_at(-1),
        lambda: device.fail_at(-2),
        lambda: device.fail_read_at(-2),
    ):
        raises(ValueError, call)


def test_passing_on_allocates_nothing():
    device = FaultInjectingBlockDevice(flash())
    device.cut_at(100000)
    buf = bytearray(64)

    def work():
        for _ in range(1000):
            device.erase(0, 256)
            device.program(16, buf)
            device.read(0, buf)
            device.sync()

    no_allocation(work)


def test_files_on_a_medium_that_loses_power():
    """littlefs keeps its word: MicroPython's face raises in the middle of C, and all goes on."""
    if not MICROPYTHON:
        return
    import vfs

    heap = HeapBlockDevice(16 * 512, erase_size=512, erase_value=0xFF)
    vfs.VfsLfs2.mkfs(heap)
    image = heap.image()
    for torn in TORN:
        k = 0
        done = False
        while not done:
            heap.load(image)
            device = FaultInjectingBlockDevice(heap, k)
            device.cut_at(k, torn)
            written = -1
            try:
                volume = vfs.VfsLfs2(device)
                for written in range(3):
                    with volume.open("/file", "wb") as file:
                        file.write(b"%d" % written * 700)
                done = True
            except PowerCut:
                pass
            device = device.restore()
            volume = vfs.VfsLfs2(device)
            try:
                with volume.open("/file", "rb") as file:
                    found = file.read()
            except OSError:
                found = b""
            old = b"" if written < 1 else b"%d" % (written - 1) * 700
            new = b"" if written < 0 else b"%d" % written * 700
            if done:
                assert found == new
            assert found in (old, new, b""), (torn, k, found[:10], len(found))
            with volume.open("/other", "wb") as file:
                file.write(b"goes on")
            assert sorted(name[0] for name in volume.ilistdir("/")) in (
                ["file", "other"],
                ["other"],
            )
            k += 1
        assert k > 10
