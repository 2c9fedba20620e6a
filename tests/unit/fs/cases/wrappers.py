# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
from errno import EIO

from fs import (
    BufferedBlockDevice,
    ChainingBlockDevice,
    ExhaustibleBlockDevice,
    FaultInjectingBlockDevice,
    FlashSimBlockDevice,
    HeapBlockDevice,
    MBRBlockDevice,
    ObservingBlockDevice,
    ProfilingBlockDevice,
    ReadOnlyBlockDevice,
    SlicingBlockDevice,
)
from support import (
    MICROPYTHON,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    no_allocation,
    raises,
)

EROFS = 30


def flash(size=8 * 256):
    heap = HeapBlockDevice(size, program_size=16, erase_size=256, erase_value=0xFF)
    return FlashSimBlockDevice(heap)


def nor(size=8 * 256):
    return HeapBlockDevice(size, program_size=16, erase_size=256, erase_value=0xFF)


def card(size=16 * 512):
    return HeapBlockDevice(size, program_size=512, erase_size=512)


def contents(device, addr=0, n=None):
    buf = bytearray(device.size if n is None else n)
    device.read(addr, buf)
    return bytes(buf)


def stack(device):
    """All wrappers that change nothing, over each other."""
    device = ProfilingBlockDevice(ObservingBlockDevice(device))
    device = FaultInjectingBlockDevice(ExhaustibleBlockDevice(device, 100000))
    return SlicingBlockDevice(ChainingBlockDevice([device, device]), 0, device.size)


def test_conformance():
    for make in (flash, card):
        other = make()
        for wrap in (
            ProfilingBlockDevice,
            ObservingBlockDevice,
            lambda device: ExhaustibleBlockDevice(device, 100000),
            lambda device: SlicingBlockDevice(device, 512, -512),
            lambda device, other=other: ChainingBlockDevice([device, other]),
            lambda device: ChainingBlockDevice([device]),
            stack,
        ):
            check_blockdevice(wrap(make()))
            check_deinit(wrap(make()))
    check_blockdevice(BufferedBlockDevice(card()))
    check_blockdevice(BufferedBlockDevice(nor()))
    check_deinit(BufferedBlockDevice(nor()))


def test_partitions_conform():
    for make in (flash, card):
        device = make(16 * 512)
        MBRBlockDevice.partition(device, 1, 0x83, size=2048)
        MBRBlockDevice.partition(device, 4, 0x83)
        check_blockdevice(MBRBlockDevice(device, 1))
        check_blockdevice(MBRBlockDevice(device, 4))
        check_deinit(MBRBlockDevice(device, 4))
        MBRBlockDevice(device, 1)  # the table is still there


def test_file_systems():
    if not MICROPYTHON:
        return
    for device in (
        stack(nor(256 * 256)),
        ChainingBlockDevice([card(20 * 512), card(80 * 512), card(512)]),
        BufferedBlockDevice(nor(256 * 256)),
    ):
        check_filesystems(device)


# ---- Slicing


def test_slices():
    below = card()
    device = SlicingBlockDevice(below, 512, 1536)
    rest = SlicingBlockDevice(below, -512)
    assert (device.size, rest.size) == (1024, 512)
    device.program(512, b"a" * 512)
    rest.program(0, b"b" * 512)
    assert contents(below, 1024, 512) == b"a" * 512
    assert contents(below, 15 * 512, 512) == b"b" * 512
    device.deinit()
    assert contents(rest) == b"b" * 512
    for start, stop in ((0, 0), (512, 512), (1024, 512), (0, 17 * 512), (-17 * 512, None)):
        raises(ValueError, SlicingBlockDevice, below, start, stop)
    raises(ValueError, SlicingBlockDevice, below, 100, 1024)
    raises(ValueError, SlicingBlockDevice, below, 0, 1000)


# ---- Chaining


def test_a_chain_is_one_device():
    parts = [card(1024), card(512), card(2048)]
    device = ChainingBlockDevice(parts)
    assert device.size == 3584
    data = b"".join([bytes([n]) * 512 for n in range(7)])
    device.program(0, data)
    assert contents(device) == data
    assert [contents(part)[:1] for part in parts] == [b"\x00", b"\x02", b"\x03"]
    assert contents(device, 1000, 600) == data[1000:1600]


def test_a_chain_takes_the_largest_sizes():
    small = HeapBlockDevice(1024, erase_size=256)
    device = ChainingBlockDevice([small, HeapBlockDevice(1024, program_size=64, erase_size=512)])
    assert (device.program_size, device.erase_size) == (64, 512)
    raises(ValueError, ChainingBlockDevice, [])
    raises(ValueError, ChainingBlockDevice, [card(), flash()])
    raises(ValueError, ChainingBlockDevice, [card(), HeapBlockDevice(700, erase_size=700)])
    raises(ValueError, ChainingBlockDevice, [card(), HeapBlockDevice(256, erase_size=256)])


# ---- Buffering


def test_a_page_waits_for_sync():
    below = ProfilingBlockDevice(nor())
    device = BufferedBlockDevice(below)
    device.program(3, b"one")
    device.program(6, b"two")
    assert below.programs == 0 and contents(below, 0, 16) == b"\xff" * 16
    assert contents(device, 2, 8) == b"\xffonetwo\xff"
    device.sync()
    device.sync()
    assert below.programs == 1 and contents(below, 2, 8) == b"\xffonetwo\xff"
    device.program(12, b"across a page")
    assert contents(device, 12, 13) == b"across a page"
    device.deinit()
    assert contents(below, 3, 25) == b"onetwo\xff\xff\xffacross a page\xff\xff\xff"


def test_an_erase_forgets_the_page():
    below = nor()
    device = BufferedBlockDevice(below)
    device.program(300, b"gone")
    device.program(5, b"gone")
    device.erase(0, 512)
    device.sync()
    assert contents(below, 0, 512) == b"\xff" * 512
    device.program(20, b"stays")
    device.erase(256, 256)
    device.sync()
    assert contents(below, 20, 5) == b"stays"


def test_a_failed_flush_is_told_once():
    below = FaultInjectingBlockDevice(nor())
    device = BufferedBlockDevice(below)
    device.program(3, b"one")
    below.fail_at(0)
    assert raises(OSError, device.sync).args[0] == EIO
    device.sync()


def test_buffering_on_flash_with_error_correction():
    device = BufferedBlockDevice(flash())
    device.program(3, b"one")
    device.program(16, b"two")
    device.sync()
    device.program(6, b"again")
    assert raises(OSError, device.sync).args[0] == EIO


# ---- Looking on


def test_read_only():
    below = card()
    below.program(512, b"x" * 512)
    device = ReadOnlyBlockDevice(below)
    assert contents(device) == contents(below)
    for call in (
        lambda: device.program(0, bytes(512)),
        lambda: device.erase(0, 512),
        lambda: device.trim(0, 512),
    ):
        assert raises(OSError, call).args[0] == EROFS
    raises(ValueError, device.program, 8192, bytes(512))
    assert device.writeblocks(0, bytes(512)) == -EROFS
    assert device.ioctl(6, 0) == -EROFS
    device.sync()
    assert contents(below)[:1024] == bytes(512) + b"x" * 512
    check_deinit(device)


def test_profiling():
    device = ProfilingBlockDevice(card())
    device.read(1, bytearray(7))
    device.program(0, bytes(1024))
    device.erase(512, 1024)
    device.erase(0, 512)
    device.sync()
    device.trim(0, 512)
    assert (device.reads, device.programs, device.erases, device.syncs) == (1, 1, 2, 1)
    assert device.trims == 1
    counted = (device.bytes_read, device.bytes_programmed, device.bytes_erased)
    assert counted == (7, 1024, 1536)
    assert "7 read, 1024 programmed, 1536 erased" in repr(device)
    raises(ValueError, device.read, -1, bytearray(7))
    assert device.reads == 1
    device.bytes_read = (1 << 30) - 1
    device.read(0, bytearray(2))
    assert device.bytes_read == 1
    device.reset()
    assert device.reads == device.bytes_erased == 0


def test_observing():
    seen = []
    device = ObservingBlockDevice(card(), lambda *change: seen.append(change))
    device.program(512, bytes(1024))
    device.read(0, bytearray(1))
    device.erase(0, 512)
    device.trim(512, 512)
    device.sync()
    raises(ValueError, device.erase, 1, 512)
    assert seen == [("program", 512, 1024), ("erase", 0, 512), ("trim", 512, 512)]
    device.function = None
    device.erase(0, 512)
    assert len(seen) == 3


# ---- Wear


def test_a_block_lasts():
    for silent in (False, True):
        below = flash()
        device = ExhaustibleBlockDevice(below, 3, silent)
        for n in range(3):
            device.erase(256, 256)
            device.program(256, bytes([n]) * 256)
        assert device.wear[1] == 3 and device.worn() == 0
        if silent:
            device.erase(0, 1024)
            device.program(0, b"x" * 768)
        else:
            assert raises(OSError, device.erase, 256, 256).args[0] == EIO
            assert raises(OSError, device.program, 256, b"x" * 16).args[0] == EIO
            raises(OSError, device.program, 0, b"x" * 768)
            assert contents(device, 0, 256) == b"\xff" * 256  # nothing of it was done
            device.program(0, b"x" * 256)
            device.program(512, b"x" * 256)
        assert contents(device, 0, 768) == b"x" * 256 + b"\x02" * 256 + b"x" * 256
        assert device.worn() == 1 and device.wear[1] == 4
    raises(ValueError, ExhaustibleBlockDevice, card(), 0)


# ---- A device that is not what it says


class Liar(HeapBlockDevice):
    """Half as large as it says; the rest raises what is given, or is the first half once more."""

    error = None

    def __init__(self, size, **options):
        super().__init__(size, **options)
        self.real = size // 2

    def _place(self, addr):
        if addr >= self.real and self.error is not None:
            raise OSError(self.error, "there is nothing")
        return addr % self.real

    def _read(self, addr, buf):
        super()._read(self._place(addr), buf)

    def _program(self, addr, buf):
        super()._program(self._place(addr), buf)

    def _erase(self, addr, size):
        super()._erase(self._place(addr), size)


class FailingLiar(Liar):
    error = EIO


def test_errors_go_through_all_wrappers():
    liar = FailingLiar(8192, program_size=512, erase_size=512)
    device = stack(liar)
    for call in (
        lambda: device.read(4096, bytearray(10)),
        lambda: device.program(8192 - 512, bytes(512)),
        lambda: device.erase(4096, 512),
    ):
        assert raises(OSError, call).args[0] == EIO
    assert device.readblocks(8, bytearray(512)) == -EIO
    device.program(0, bytes(512))


def test_the_suite_finds_a_liar():
    raises(AssertionError, check_blockdevice, Liar(8192, program_size=512), 1)
    raises(OSError, check_blockdevice, FailingLiar(8192, program_size=512), 1)


def test_a_file_system_on_a_liar_gets_an_error():
    if not MICROPYTHON:
        return
    import vfs

    device = stack(FailingLiar(64 * 512, program_size=512, erase_size=512))
    options = {"readsize": 512, "progsize": 512, "lookahead": 32}
    vfs.VfsLfs2.mkfs(device, **options)
    volume = vfs.VfsLfs2(device, **options)
    with volume.open("/small", "wb") as file:
        file.write(b"fits")
    assert raises(OSError, fill, volume).args[0] == EIO
    volume = vfs.VfsLfs2(device, **options)
    with volume.open("/small", "rb") as file:
        assert file.read() == b"fits"


def fill(volume):
    with volume.open("/large", "wb") as file:
        for _ in range(50):
            file.write(bytes(512))


def test_passing_on_allocates_nothing():
    device = stack(flash())
    observed = ObservingBlockDevice(device, lambda operation, addr, size: None)
    buffered = BufferedBlockDevice(nor())
    buf = bytearray(64)
    part = memoryview(buf)[:7]

    def work():
        for _ in range(1000):
            observed.erase(0, 256)
            observed.program(16, buf)
            observed.read(0, buf)
            observed.sync()
            buffered.erase(0, 256)
            buffered.program(3, part)
            buffered.program(12, part)
            buffered.read(1, buf)
            buffered.sync()

    no_allocation(work)
