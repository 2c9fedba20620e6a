# platforms: host-stock host-native
"""fs.mount() and what belongs to it, with MicroPython's littlefs and FAT."""

import os
from errno import EINVAL, EIO, ENODEV

import fs
from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, PowerCut
from rtos.core import LEVELS_NEST
from support import raises

EBUSY, EROFS, EILSEQ = 16, 30, 84
KINDS = ("littlefs", "fat")


def ram(blocks=32, size=4096):
    return HeapBlockDevice(blocks * size, erase_size=size)


def flash(blocks=16, size=4096, unit=8):
    medium = HeapBlockDevice(blocks * size, program_size=unit, erase_size=size, erase_value=0xFF)
    return medium, FlashSimBlockDevice(medium)


def fails(number, function, *arguments, **options):
    error = raises(OSError, lambda: function(*arguments, **options))
    assert error.errno == number, error
    return str(error)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Mounted:
    """with Mounted(device, ...): it is mounted at /ext."""

    def __init__(self, *arguments, **options):
        self.arguments = arguments
        self.options = options

    def __enter__(self):
        return fs.mount(self.arguments[0], "/ext", *self.arguments[1:], **self.options)

    def __exit__(self, *_):
        fs.umount("/ext")


def test_format_mount_and_find_again():
    for kind in KINDS:
        device = ram()
        with Mounted(device, kind, format=True) as volume:
            assert (volume.path, volume.kind, volume.device) == ("/ext", kind, device)
            assert fs.volumes() == [volume] and fs.volume("/ext") is volume
            assert f"'/ext' {kind} on <Heap" in repr(volume), volume
            write("/ext/a", b"alpha" * 1000)
        assert fs.volumes() == []
        fails(EINVAL, fs.umount, "/ext")
        with Mounted(device, kind):
            assert read("/ext/a") == b"alpha" * 1000
            found = fs.statvfs("/ext")
            assert found.frsize * found.blocks <= device.size < found.frsize * (found.blocks + 32)
            assert 0 < found.bfree < found.blocks and found.namemax == 255
        fs.format(device, kind)
        with Mounted(device, kind):
            assert os.listdir("/ext") == []


def test_the_smallest_volumes():
    for kind, device in (
        ("fat", ram(22)),
        ("fat", ram(50, 512)),
        ("littlefs", ram(2)),
        ("littlefs", ram(4, 512)),
    ):
        with Mounted(device, kind, format="if-blank"):
            write("/ext/a", b"a")
        with Mounted(device, kind):
            assert read("/ext/a") == b"a"


def test_format_if_blank_formats_what_is_blank_and_nothing_else():
    for kind in KINDS:
        for device in (ram(), flash(32)[1]):
            with Mounted(device, kind, format="if-blank"):
                write("/ext/a", b"a")
            with Mounted(device, kind, format="if-blank"):
                assert read("/ext/a") == b"a"
        # One byte in the last block, as of a store that begins there.
        device = ram()
        device.program(device.size - 1, b"\x01")
        before = device.image()
        said = fails(EILSEQ, fs.mount, device, "/ext", kind, format="if-blank")
        assert "format=True" in said, said
        assert device.image() == before
        assert "blank" in fails(ENODEV, fs.mount, ram(), "/ext", kind)


def test_a_damaged_volume_is_reported_and_left_alone():
    for kind in KINDS:
        device = ram()
        with Mounted(device, kind, format=True):
            write("/ext/a", b"a" * 5000)
        device.program(0, b"\x55" * 8192)
        before = device.image()
        for format in (False, "if-blank"):
            fails(EILSEQ, fs.mount, device, "/ext", kind, format=format)
        fails(EILSEQ, fs.check, device, kind)
        assert device.image() == before
        with Mounted(device, kind, format=True):
            assert os.listdir("/ext") == []


def test_a_format_is_interrupted_everywhere():
    for kind, blocks in (("littlefs", 5), ("fat", 32)):
        medium, _ = flash(blocks)
        blank = medium.image()
        k, done = 0, False
        while not done:
            medium.load(blank)
            device = FaultInjectingBlockDevice(FlashSimBlockDevice(medium), seed=k)
            device.cut_at(k, "random")
            try:
                with Mounted(device, kind, format="if-blank"):
                    done = True
            except PowerCut:
                pass
            with Mounted(device.restore(), kind, format="if-blank"):
                assert os.listdir("/ext") == [], k
                write("/ext/a", b"a")
            with Mounted(FlashSimBlockDevice(medium), kind):
                assert read("/ext/a") == b"a", k
            k += 1
        assert k > 4, f"the format has few operations: {k}"


def test_other_sizes_are_no_damage():
    device = ram(32)
    with Mounted(device, format=True):
        pass
    half = ram(16)
    half.program(0, device.image()[: half.size])
    said = fails(EINVAL, fs.mount, half, "/ext", format="if-blank")
    assert "sizes" in said, said


def test_mounted_twice():
    device = ram()
    with Mounted(device, format=True):
        fails(EBUSY, fs.mount, device, "/other")
        fails(EBUSY, fs.format, device)
        fails(EBUSY, fs.mount, ram(), "/ext", format=True)
    fails(EBUSY, fs.mount, ram(), "/flash", format=True)


def test_read_only():
    for kind in KINDS:
        device = ram()
        with Mounted(device, kind, format=True):
            write("/ext/a", b"a")
        with Mounted(device, kind, readonly=True) as volume:
            assert read("/ext/a") == b"a" and "read-only" in repr(volume)
            fails(EROFS, write, "/ext/b", b"b")
            fails(EROFS, os.remove, "/ext/a")
    raises(ValueError, lambda: fs.mount(ram(), "/ext", format=True, readonly=True))


def test_wrong_arguments():
    device = ram()
    for path in ("ext", "/ext/", "", None):
        raises(ValueError, fs.mount, device, path)
    for options in (
        {"kind": "ext4"},
        {"format": "yes"},
        {"kind": "fat", "lookahead": 8},
        {"program_size": 3},
        {"read_size": 3000},
        {"lookahead": 9},
    ):
        raises(ValueError, lambda options=options: fs.mount(device, "/ext", **options))
    raises(ValueError, lambda: fs.mount(flash()[1], "/ext", program_size=4))
    raises(ValueError, lambda: fs.mount(ram(100, 8192), "/ext", "fat"))
    raises(ValueError, lambda: fs.mount(ram(21), "/ext", "fat"))
    raises(ValueError, lambda: fs.mount(ram(49, 512), "/ext", "fat"))
    raises(ValueError, lambda: fs.mount(ram(1), "/ext"))
    raises(TypeError, lambda: fs.mount(bytearray(4096), "/ext"))
    assert fs.volumes() == []


def test_a_medium_that_fails():
    for kind in KINDS:
        device = FaultInjectingBlockDevice(ram())
        with Mounted(device, kind, format=True):
            write("/ext/a", b"a" * 5000)
        device.fail_read_at(0)
        fails(EIO, fs.mount, device, "/ext", kind, format="if-blank")
        with Mounted(device, kind):
            device.fail_at(0)
            fails(EIO, write, "/ext/b", b"b" * 5000)
            assert read("/ext/a") == b"a" * 5000


def test_check_finds_what_cannot_be_read():
    for kind in KINDS:
        device = FaultInjectingBlockDevice(ram())
        with Mounted(device, kind, format=True):
            os.mkdir("/ext/folder")
            for n in range(4):
                write(f"/ext/folder/{n}", bytes([n]) * 9000)
            report = fs.check("/ext")
            assert report.ok() and (report.files, report.folders) == (4, 1), report
            assert report.size == 36000
            assert fs.check(device).ok()  # it is mounted: the same
        device = device.restore()
        before = device.operations
        report = fs.check(device, kind)
        assert report.ok() and report.size == 36000, report.problems
        assert device.operations == before, "it has written"
        reads = device.reads
        device.fail_read_at(reads // 2)
        report = fs.check(device, kind)
        assert not report.ok() and report.problem_count == len(report.problems) == 1
        path, number, text = report.problems[0]
        assert path.startswith("/folder") and number == EIO and text, report.problems


def test_damage_of_any_block_of_littlefs():
    device = ram()
    with Mounted(device, format=True):
        os.mkdir("/ext/folder")
        for name in "ab":
            write("/ext/folder/" + name, b"a" * 3000)
    image = device.image()
    used = [n for n in range(32) if image[n * 4096 : n * 4096 + 4096] != bytes(4096)]
    assert len(used) == 5, used  # of the folder's pair one was not used yet

    def damage(*blocks):
        device.load(image)
        for block in blocks:
            device.program(block * 4096, b"\x99" * 4096)
        try:
            return fs.check(device).ok()
        except OSError as error:
            assert error.errno == EILSEQ, error
            return False

    assert damage(0) and damage(1) and not damage(0, 1)
    # The folder's is found, those of the files are not: they have no checksum.
    assert [damage(block) for block in used[2:]].count(False) == 1


def test_damage_under_a_mounted_volume():
    for kind in KINDS:
        device = ram()
        with Mounted(device, kind, format=True):
            os.mkdir("/ext/folder")
            os.mkdir("/ext/other")
            for n in range(20):
                write(f"/ext/folder/{n}", b"a" * 300)
            device.program(8192, b"\x99" * (device.size - 8192))
            report = fs.check("/ext")
            assert not report.ok(), (kind, report)
            assert 0 < len(report.problems) <= 20 and report.problem_count >= len(report.problems)


class Foreign:
    """A device as others write them: exceptions, no contract."""

    def __init__(self, blocks):
        self.memory = [bytearray(512) for _ in range(blocks)]
        self.fault = None
        self.unlocked = 0

    def _enter(self):
        from rtos.core import locked

        self.unlocked += not locked()
        if self.fault:
            raise self.fault

    def readblocks(self, block, buf):
        self._enter()
        for i in range(0, len(buf), 512):
            buf[i : i + 512] = self.memory[block]
            block += 1

    def writeblocks(self, block, buf):
        self._enter()
        for i in range(0, len(buf), 512):
            self.memory[block][:] = buf[i : i + 512]
            block += 1

    def ioctl(self, request, argument):
        if request == 4:
            return len(self.memory)
        if request == 5:
            return 512
        return 0


def test_foreign_devices_are_entered_locked_and_give_errnos():
    device = Foreign(256)
    with Mounted(device, "fat", format="if-blank") as volume:
        assert volume.device is device
        write("/ext/a", b"a" * 3000)
        assert read("/ext/a") == b"a" * 3000
        device.fault = OSError(EIO, "no")
        fails(EIO, write, "/ext/b", b"b")
        device.fault = None
        assert fs.check("/ext").ok()
    assert device.unlocked == 0


def test_the_boards_own_volume():
    volume = fs.default()
    assert volume.path == "/flash" and volume.kind == "littlefs"
    assert fs.volume("/flash").path == "/flash"
    fails(ENODEV, fs.volume, "/nothing")
    assert fs.check("/flash").ok()
    assert fs.statvfs("/flash").frsize == 4096


def test_callbacks_are_refused():
    import time

    from machine import Timer
    from rtos.core import LEVELS_NEST

    said = []

    def call(_):
        try:
            said.append(fs.statvfs("/flash"))
        except RuntimeError as error:
            said.append(str(error))

    Timer(-1, mode=Timer.ONE_SHOT, period=1, callback=call)
    for _ in range(200):
        if said:
            break
        time.sleep_ms(1)
    if LEVELS_NEST:  # firmware without boards/native cannot tell what a callback is
        assert "threads" in said[0], said
    else:
        assert said[0].frsize == 4096, said


class Broken(HeapBlockDevice):
    """Raises at the k-th operation what is no error of a medium."""

    left = -1
    error = None

    def _tick(self):
        if self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise self.error

    def _read(self, addr, buf):
        self._tick()
        super()._read(addr, buf)

    def _program(self, addr, buf):
        self._tick()
        super()._program(addr, buf)

    def _erase(self, addr, size):
        self._tick()
        super()._erase(addr, size)


def test_no_exception_gets_through_a_file_system():
    # It would leave places of C's stack in littlefs's lists, and the next call would never end.
    operations = (
        lambda: os.rename("/ext/a/1", "/ext/b/1"),
        lambda: os.mkdir("/ext/c"),
        lambda: os.rmdir("/ext/b"),
        lambda: os.remove("/ext/a/2"),
        lambda: write("/ext/a/3", b"new" * 1000),
    )
    for kind in KINDS:
        device = Broken(32 * 4096, erase_size=4096)
        with Mounted(device, kind, format=True):
            os.mkdir("/ext/a")
            os.mkdir("/ext/b")
            for n in range(4):
                write("/ext/a/%d" % n, b"old" * 100)  # noqa: UP031
        image = device.image()
        interrupts = 0
        for error in (KeyboardInterrupt(), MemoryError(), ValueError("x"), OSError("no errno")):
            for operation in operations:
                k, done = 0, False
                while not done:
                    device.load(image)
                    with Mounted(device, kind):
                        device.left = k
                        device.error = error
                        try:
                            operation()
                            for _ in range(300):  # where Ctrl-C comes
                                pass
                            done = True
                        except OSError as said:
                            assert isinstance(said.errno, int), said
                        except KeyboardInterrupt:  # comes when the call has returned
                            interrupts += 1
                        device.left = -1
                        try:  # noqa: SIM105
                            os.mkdir("/ext/next")
                        except OSError:  # it could not be read
                            pass
                    with Mounted(device, kind):
                        for n in (0, 3):
                            found = read("/ext/a/%d" % n)  # noqa: UP031
                            old_or_new = (b"old" * 100, b"new" * 1000 if n else None)
                            assert found in old_or_new or kind == "fat", (k, n, found)
                    k += 3
                assert k > 3 or isinstance(error, KeyboardInterrupt), (kind, k)
        assert interrupts or not LEVELS_NEST


def test_a_power_cut_gets_through():
    device = Broken(32 * 4096, erase_size=4096)
    fs.format(device)
    device.left = 3
    device.error = PowerCut()
    raises(PowerCut, fs.mount, device, "/ext")


def test_a_foreign_device_that_raises_what_it_likes():
    for error in (
        ZeroDivisionError(),
        OSError(),
        OSError("x", 5),
        OSError(-3),
    ):
        device = Foreign(256)
        with Mounted(device, "fat", format=True):
            write("/ext/a", b"a" * 3000)
            device.fault = error
            fails(EIO, write, "/ext/b", b"b" * 3000)
            device.fault = None
            assert read("/ext/a") == b"a" * 3000


def test_a_chain_without_end_is_not_followed():
    device = ram()
    with Mounted(device, "fat", format=True):
        write("/ext/ENDLESS", b"a" * 3000)
        write("/ext/OTHER", b"b" * 3000)
    image = bytearray(device.image())
    at = image.find(b"ENDLESS ")
    image[at + 28 : at + 32] = b"\xff\xff\xff\xff"  # its size
    first = image[at + 26] + 256 * image[at + 27]
    table = 4096 * (image[14] + 256 * image[15])
    at = table + first * 3 // 2  # its cluster is followed by itself, FAT12
    entry = image[at] | image[at + 1] << 8
    entry = entry & 0xF | first << 4 if first & 1 else entry & 0xF000 | first
    image[at : at + 2] = bytes((entry & 0xFF, entry >> 8))
    device.load(bytes(image))
    report = fs.check(device, "fat")
    assert [problem[:2] for problem in report.problems] == [("/ENDLESS", EIO)], report.problems
    assert "claims 4294967295 bytes" in report.problems[0][2] and report.size == 3000


def test_after_a_failed_read_nothing_is_written_until_the_next_mount():
    for kind in KINDS:
        device = FaultInjectingBlockDevice(ram())
        with Mounted(device, kind, format=True):
            write("/ext/a", b"a" * 5000)
            before = device.operations
            device.fail_read_at(0)
            fails(EIO, read, "/ext/a")
            fs.check("/ext")
            raises(OSError, write, "/ext/b", b"b" * 5000)
            assert device.operations == before
        with Mounted(device, kind):
            assert read("/ext/a") == b"a" * 5000
            write("/ext/b", b"b" * 5000)
        with Mounted(device, kind):
            assert read("/ext/b") == b"b" * 5000
