# platforms: cpython host-stock host-native
# uses: conformance/blockdevice.py
from errno import EIO, ENODEV

from drivers import BlockDevice
from support import MICROPYTHON, check_blockdevice, check_deinit, check_filesystems, raises

EROFS = 30


class RamDevice(BlockDevice):
    """What an erased place reads as decides: NOR flash, which can only clear bits, or plain RAM."""

    def __init__(self, size, **options):
        super().__init__(size, **options)
        self.memory = bytearray(b"\x33" * size)
        self.fault = 0
        self.syncs = 0

    def _fail(self):
        if self.fault:
            raise OSError(self.fault, "the medium")

    def _read(self, addr, buf):
        self._fail()
        memory = self.memory
        for i in range(len(buf)):
            buf[i] = memory[addr + i]

    def _program(self, addr, buf):
        self._fail()
        memory = self.memory
        keep = self.erase_value is None
        for i in range(len(buf)):
            memory[addr + i] = buf[i] if keep else memory[addr + i] & buf[i]

    def _erase(self, addr, size):
        self._fail()
        if self.erase_value is not None:
            for i in range(addr, addr + size):
                self.memory[i] = self.erase_value

    def _sync(self):
        self._fail()
        self.syncs += 1


KINDS = (
    {"size": 4096 * 4, "program_size": 8, "erase_size": 4096, "erase_value": 0xFF},
    {"size": 2048, "program_size": 256, "erase_size": 256, "erase_value": 0xFF},
    {"size": 16 * 512, "program_size": 512, "erase_size": 512},
    {"size": 4096, "erase_size": 1},
    {"size": 512, "program_size": 2, "erase_size": 512, "erase_value": 0xFF},
    {"size": 12 * 1024, "read_size": 4, "program_size": 4, "erase_size": 128},
)


def test_conformance():
    for options in KINDS:
        check_blockdevice(RamDevice(**options))


def test_file_systems():
    if not MICROPYTHON:
        return  # they are MicroPython's
    check_filesystems(
        RamDevice(64 * 4096, program_size=8, erase_size=4096, erase_value=0xFF),
    )
    check_filesystems(RamDevice(100 * 1024, program_size=512, erase_size=512))
    check_filesystems(RamDevice(60 * 1024, erase_size=32))


def test_deinit():
    device = RamDevice(4096, erase_size=512)
    with device:
        device.program(0, b"x")
    assert device.syncs == 1
    check_deinit(device)
    check_deinit(RamDevice(**KINDS[0]))


# A suite is worth what it finds.


class ErasesNothing(RamDevice):
    def _erase(self, addr, size):
        pass


class ErasesTooMuch(RamDevice):
    def _erase(self, addr, size):
        super()._erase(addr, min(size + 8, self.size - addr))


class ErasesTooLittle(RamDevice):
    def _erase(self, addr, size):
        super()._erase(addr, max(size - 8, 0))


class IgnoresTheEnd(RamDevice):
    def _check(self, addr, size, unit):
        if addr % unit or size % unit:
            raise ValueError


class IgnoresAlignment(RamDevice):
    def _check(self, addr, size, unit):
        super()._check(addr, size, 1)


class ReadsShort(RamDevice):
    def _read(self, addr, buf):
        for i in range(len(buf) - (len(buf) > 100)):
            buf[i] = self.memory[addr + i]


class ProgramsLater(RamDevice):
    """Keeps the caller's buffer."""

    later = None

    def _program(self, addr, buf):
        self.finish()
        self.later = addr, buf

    def _read(self, addr, buf):
        self.finish()
        super()._read(addr, buf)

    def _erase(self, addr, size):
        self.finish()
        super()._erase(addr, size)

    def finish(self):
        if self.later:
            super()._program(*self.later)
            self.later = None


class WrapsAround(RamDevice):
    """One address line is missing."""

    def _read(self, addr, buf):
        super()._read(addr & ~0x2000, buf)

    def _program(self, addr, buf):
        super()._program(addr & ~0x2000, buf)

    def _erase(self, addr, size):
        for start in range(addr, addr + size, self.erase_size):
            super()._erase(start & ~0x2000, self.erase_size)


class LosesBits(RamDevice):
    def _program(self, addr, buf):
        super()._program(addr, buf)
        if addr > 4096 and buf:
            self.memory[addr] &= 0xEF


class Raises(RamDevice):
    """In MicroPython's face."""

    def readblocks(self, block, buf, offset=0):
        self.read(block * self.block_size + offset, buf)


class NeverErasesItself(RamDevice):
    def writeblocks(self, block, buf, offset=0):
        return super().writeblocks(block, buf, offset)


def test_the_suite_finds_broken_devices():
    broken = [
        ErasesNothing,
        ErasesTooMuch,
        ErasesTooLittle,
        IgnoresTheEnd,
        IgnoresAlignment,
        ReadsShort,
        ProgramsLater,
        WrapsAround,
        LosesBits,
        Raises,
        NeverErasesItself,
    ]
    for kind in broken:
        try:
            check_blockdevice(kind(**KINDS[0]), seed=1)
        except (AssertionError, ValueError, IndexError) as error:
            print(kind.__name__, repr(error))
        else:
            raise AssertionError(kind.__name__ + " passes")


class Allocates(RamDevice):
    def _read(self, addr, buf):
        buf[:] = self.memory[addr : addr + len(buf)]


def test_the_suite_finds_what_allocates():
    if MICROPYTHON:
        raises(MemoryError, check_blockdevice, Allocates(**KINDS[0]))


def test_errors_of_the_medium_reach_the_caller():
    buf = bytearray(8)
    for fault in (EIO, EROFS):
        device = RamDevice(**KINDS[0])
        device.fault = fault
        for call, *arguments in (
            (device.read, 0, buf),
            (device.program, 0, buf),
            (device.erase, 0, 4096),
            (device.sync,),
        ):
            assert raises(OSError, call, *arguments).args == (fault, "the medium")
        assert device.readblocks(0, buf) == -fault
        if fault == EIO:  # a file system may have a wrong idea now: not before the next mount
            device.fault = 0
            assert device.writeblocks(0, bytes(4096)) == device.ioctl(6, 0) == -EIO
            device.fault = fault
        assert device.ioctl(4, 0) == device.size // 4096
        assert device.writeblocks(0, buf) == -22  # no multiple of a block
        assert device.writeblocks(0, bytes(4096)) == -fault
        assert device.writeblocks(0, buf, 0) == -fault
        assert device.ioctl(6, 0) == -fault and device.ioctl(3, 0) == -fault
        # Once: it is given up all the same, and there is nothing left to sync.
        assert raises(OSError, device.deinit).args[0] == fault
        assert "deinitialised" in repr(device)
        device.deinit()
        assert raises(OSError, device.sync).args[0] == ENODEV


def test_wrong_geometry():
    for options in (
        {"size": 0},
        {"size": 1000},
        {"size": 1024, "erase_size": 0},
        {"size": 1024, "program_size": 3},
        {"size": 1024, "program_size": 8, "read_size": 16},
        {"size": 1024.0},
        {"size": 1024, "block_size": 700},
        {"size": 1024, "block_size": 0},
    ):
        raises(ValueError, lambda options=options: BlockDevice(**options))
    assert BlockDevice(4096, erase_size=64).block_size == 512
    assert BlockDevice(6000, erase_size=1000).block_size == 1000
    assert BlockDevice(6000, erase_size=300).block_size == 600
    assert BlockDevice(8192, erase_size=512, block_size=1024).ioctl(4, 0) == 8


def test_gone_names_the_class():
    device = RamDevice(4096)
    device.deinit()
    error = raises(OSError, device.sync)
    assert error.args == (ENODEV, "RamDevice is deinitialised")
