# platforms: cpython host-stock host-native mps2-native
# uses: conformance/kvstore.py
"""TDBStore: what it does on media of all kinds, full, damaged, foreign or failing."""

import random
from errno import EINVAL, EIO, ENODEV, EOPNOTSUPP

import fs
from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, TDBStore
from fs.tdbformat import pack_master
from support import MICROPYTHON, check_kv_deinit, check_kvstore, raises

EBUSY, ENOSPC, EROFS = 16, 28, 30
GEOMETRIES = (
    # program, erase, erase value
    (1, 4096, 0xFF),
    (8, 1024, 0xFF),
    (32, 512, 0x00),
    (256, 256, 0xFF),
    (1, 1, None),
    (12, 36, None),
    (512, 512, None),
)


def medium(program_size=8, erase_size=1024, erase_value=0xFF, size=16384):
    size -= size % erase_size
    heap = HeapBlockDevice(
        size, program_size=program_size, erase_size=erase_size, erase_value=erase_value
    )
    return heap if erase_value is None else FlashSimBlockDevice(heap, erase_value)


def fails(number, function, *arguments):
    error = raises(OSError, function, *arguments)
    assert error.errno == number, error
    return str(error)


def contents(kv):
    found = {key: kv[key] for key in kv}
    assert len(found) == len(kv)
    return found


def test_conformance():
    for geometry in GEOMETRIES:
        size = 65536 if geometry[0] > 100 else 16384
        check_kvstore(TDBStore(medium(*geometry, size=size), format=True))
    check_kv_deinit(TDBStore(medium(), format=True))
    assert fs.TDBStore is TDBStore


def test_all_is_there_after_a_restart():
    for geometry in GEOMETRIES:
        device = medium(*geometry, size=65536 if geometry[0] > 100 else 16384)
        kv = TDBStore(device, format=True)
        model = {}
        for n in range(300):
            key = f"k{n * 7 % 11}"
            if n % 5 == 4:
                model.pop(key, None)
                if key in kv:
                    del kv[key]
            elif n % 5 == 3:
                model[key] = bytes([n & 0xFF]) * (n % 97)
                with kv.writer(key, n % 97) as file:
                    file.write(model[key])
            else:
                kv[key] = model[key] = bytes([n & 0xFF]) * (n % 53)
            if n % 60 == 59:
                assert contents(kv) == model
                live = kv.usage()
                halfway = kv.collector.phase
                kv = TDBStore(device)
                assert contents(kv) == model
                # A copy of a streamed record is shorter.
                assert kv.usage() == live or halfway


def test_random_operations_with_restarts():
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    for geometry in GEOMETRIES[:5]:
        device = medium(*geometry, size=65536 if geometry[0] > 100 else 16384)
        kv = TDBStore(device, format=True)
        model = {}
        runs = 0
        for n in range(150 if MICROPYTHON else 1500):
            key = f"k{random.randrange(20)}"
            what = random.randrange(20)
            if what < 11:
                value = bytes([random.getrandbits(8) for _ in range(random.randrange(150))])
                kv[key] = model[key] = value
            elif what < 14:
                assert (key in kv) == (key in model)
                if model.pop(key, None) is not None:
                    del kv[key]
            elif what < 15:
                value = bytes([n & 0xFF]) * random.randrange(300)
                with kv.writer(key, len(value)) as file:
                    file.write(value[:9])
                    kv["k20"] = model["k20"] = value[:3]
                    file.write(value[9:])
                model[key] = value
            elif what < 17:
                kv.collect(random.randrange(9))
            elif what < 18 and not random.randrange(4):
                runs += kv.collector.runs
                kv = TDBStore(device)
            assert kv.get(key) == model.get(key)
            if not n % 20:
                assert contents(kv) == model
        if not MICROPYTHON:
            assert runs + kv.collector.runs > 5


def test_full_store():
    for geometry in GEOMETRIES[:5]:
        device = medium(*geometry, size=65536 if geometry[0] > 100 else 8192)
        kv = TDBStore(device, format=True)
        model = {}

        def fill():
            n = len(model)  # noqa: B023
            while True:
                try:
                    kv[f"{n:03d}"] = b"x" * 50  # noqa: B023
                except OSError as error:
                    assert error.errno == ENOSPC
                    return
                model[f"{n:03d}"] = b"x" * 50  # noqa: B023
                n += 1

        fill()
        live, limit, _ = kv.usage()
        assert live + 200 + 3 * device.program_size > limit
        assert contents(kv) == model and len(model) > 20
        for _ in range(100):  # changing goes on, and removing
            for key in ("003", "010"):
                kv[key] = model[key] = b"y" * 50
        fails(ENOSPC, kv.set, "003", b"z" * 400)
        assert contents(kv) == model
        del kv["003"]
        del model["003"]
        kv["new"] = model["new"] = b"y" * 50
        kv = TDBStore(device)
        assert contents(kv) == model
        for key in list(model):
            del kv[key]
            del model[key]
        assert contents(kv) == {} and kv.usage()[0] == 0
        fill()
        assert contents(TDBStore(device)) == model


def test_removing_needs_no_room():
    # Keys so long that their mark of removal does not fit behind a full log.
    device = medium(32, 512, 0xFF, size=4096)
    kv = TDBStore(device, format=True)
    keys = [letter * 120 for letter in "abcdefghij"]
    for key in keys:
        try:
            kv[key] = b""
        except OSError:
            break
    keys = sorted(kv)
    assert len(keys) > 5
    while keys:
        key = keys.pop()
        del kv[key]
        assert sorted(kv) == keys
        assert sorted(TDBStore(device)) == keys


def test_too_large_for_ever():
    kv = TDBStore(medium(), format=True)
    kv["a"] = b"1"
    raises(ValueError, kv.set, "a", bytes(8192))
    raises(ValueError, kv.writer, "a", 8192)
    raises(ValueError, kv.writer, "a", 1 << 40)
    assert contents(kv) == {"a": b"1"}
    for size in (64, 256):
        raises(ValueError, TDBStore, HeapBlockDevice(size, erase_size=size // 2), True)


def test_writer_and_others():
    device = medium()
    kv = TDBStore(device, format=True)
    kv["a"] = b"old"
    with kv.writer("a", 4) as file:
        assert "'a'" in fails(EBUSY, kv.set, "a", b"1")
        fails(EBUSY, kv.remove, "a")
        fails(EBUSY, kv.reset)
        fails(EBUSY, kv.writer("b", 1).__enter__)
        file.write(b"new!")
        # It has no place yet.
        for _ in range(300):
            kv["b"] = b"x" * 100
    with kv.writer("a", 400) as file:
        file.write(b"new!" * 50)
        # Collection comes as far as to it, and others get what is left.
        count = 0
        try:
            while count < 1000:
                kv["b"] = b"x" * 100
                count += 1
        except OSError as error:
            assert error.errno == ENOSPC
        assert 20 < count < 1000 and kv["b"] == b"x" * 100
        assert not kv.collect(1000)
        file.write(b"new!" * 50)
    raises(ValueError, file.write, b"")
    kv["b"] = b"1"
    assert contents(kv) == contents(TDBStore(device)) == {"a": b"new!" * 100, "b": b"1"}


def test_a_writer_keeps_its_room():
    """While others fill the store, and collect, before and after it has its place."""
    for size in (50, 1000, 3000):
        for first in (0, 60, 200):
            device = medium()
            kv = TDBStore(device, format=True)
            data = bytes([n * 7 & 0xFF for n in range(size)])
            with kv.writer("w", size) as file:
                file.write(data[:first])
                n = 0
                try:
                    while n < 500:
                        kv[f"k{n % 100}"] = b"v" * (n % 170)
                        n += 1
                except OSError as error:
                    assert error.errno == ENOSPC
                file.write(data[first:])
            assert kv["w"] == TDBStore(device)["w"] == data, (size, first)


def test_no_store():
    for device in (medium(), medium(1, 1, None), HeapBlockDevice(8192)):
        for fill in (None, 0, 0x52, "noise"):
            if fill is not None:
                device.erase(0, device.size)
                noise = [random.getrandbits(8) for _ in range(device.size)]
                data = bytes(noise) if fill == "noise" else bytes([fill]) * device.size
                device.program(0, data)
            fails(ENODEV, TDBStore, device)
            if fill == "noise":
                found = bytearray(device.size)
                device.read(0, found)
                assert found == data
            kv = TDBStore(device, format=True)
            assert len(kv) == 0
            kv["a"] = b"1"
            assert contents(TDBStore(device, format=True)) == {"a": b"1"}
            TDBStore.mkfs(device)
            assert contents(TDBStore(device)) == {}


def test_foreign_stores_are_left_alone():
    heap = HeapBlockDevice(8192, program_size=8, erase_size=1024, erase_value=0xFF)
    kv = TDBStore(heap, format=True)
    kv["a"] = b"1"
    image = heap.image()
    # Another size, another unit.
    for size, unit in ((16384, 8), (6144, 8), (8192, 16), (8192, 4)):
        other = HeapBlockDevice(size, program_size=unit, erase_size=1024, erase_value=0xFF)
        other.program(0, image[:size])
        before = other.image()
        fails(EINVAL, TDBStore, other, True)
        assert other.image() == before
    # Another version in the standby area.
    data = bytearray(pack_master(1, 9, 4096, 8, 0xFF))
    data[8] = 2
    import struct
    from binascii import crc32

    struct.pack_into("<I", data, 28, crc32(bytes(data[:28])))
    heap.program(4096, data)
    before = heap.image()
    fails(EOPNOTSUPP, TDBStore, heap, True)
    assert heap.image() == before


class Liar(HeapBlockDevice):
    """A card of half the size that it says."""

    def _read(self, addr, buf):
        super()._read(addr % (self.size // 2), buf)

    def _program(self, addr, buf):
        super()._program(addr % (self.size // 2), buf)

    def _erase(self, addr, size):
        super()._erase(addr % (self.size // 2), size)


def test_a_device_that_lies_about_its_size():
    fails(ENODEV, TDBStore, Liar(16384, erase_size=1024, erase_value=0xFF), True)
    small = FaultInjectingBlockDevice(medium())
    small.fail_at(0)
    fails(EIO, TDBStore, small, True)


def test_errors_of_the_device():
    """Each operation fails once: an error or none, and old or new."""
    k = 0
    while True:
        heap = HeapBlockDevice(4096, program_size=8, erase_size=512, erase_value=0xFF)
        device = FaultInjectingBlockDevice(FlashSimBlockDevice(heap))
        kv = TDBStore(device, format=True)
        model = {}
        device.fail_at(k)
        before = device.operations
        failed = 0
        for n in range(120):
            key = f"k{n % 5}"
            value = bytes([n]) * 40
            try:
                if n % 7 == 6:
                    if key in model:
                        del kv[key]
                    value = None
                else:
                    kv[key] = value
                if value is None:
                    model.pop(key, None)
                else:
                    model[key] = value
            except OSError as error:
                assert error.errno == EIO, (k, error)
                failed += 1
            assert contents(kv) == model, (k, n)
        assert failed <= 1, k
        k += 1 if not MICROPYTHON else 17
        if device.operations - before < k:
            break
    assert k > 200


def test_reads_that_fail():
    device = FaultInjectingBlockDevice(medium())
    kv = TDBStore(device, format=True)
    kv["a"] = b"1" * 300
    device.fail_read_at(0)
    fails(EIO, kv.get, "a")
    device.fail_read_at(1)
    fails(EIO, kv.get, "a")
    assert kv["a"] == b"1" * 300


def test_what_is_not_written_is_noticed():
    """A medium that drops a write silently: it is made again; all writes: an error, and the old value."""
    for k in range(2):
        device = FaultInjectingBlockDevice(medium())
        kv = TDBStore(device, format=True)
        kv["a"] = b"old"
        device.drop_at(k)
        kv["a"] = b"new" * 20  # the trailer is not needed to have the value
        assert kv["a"] == b"new" * 20 and TDBStore(device)["a"] == b"new" * 20
        device.drop_at(k)
        del kv["a"]
        assert "a" not in kv and "a" not in TDBStore(device)
        kv["a"] = b"newer"
        assert kv["a"] == b"newer" and TDBStore(device)["a"] == b"newer"


class Deaf(HeapBlockDevice):
    """A medium that takes nothing any more, and does not say so; or says so."""

    deaf = False
    error = 0

    def _program(self, addr, buf):
        if self.error:
            raise OSError(self.error, "it fails")
        if not self.deaf:
            super()._program(addr, buf)

    def _erase(self, addr, size):
        if self.error:
            raise OSError(self.error, "it fails")
        if not self.deaf:
            super()._erase(addr, size)


def test_a_medium_that_takes_nothing_any_more():
    for error in (0, EIO, EROFS):
        device = Deaf(16384, program_size=8, erase_size=1024, erase_value=0xFF)
        kv = TDBStore(device, format=True)
        kv["a"] = b"old"
        before = device.image()

        def stream():
            with kv.writer("w", 2000) as file:  # noqa: B023
                file.write(bytes(2000))

        device.deaf = True
        device.error = error
        for _ in range(200):  # until all of the room would be used up
            fails(error or EIO, kv.set, "a", b"new" * 20)
            fails(error or EIO, kv.set, "b", b"new" * 20)
            fails(error or EIO, kv.remove, "a")
            fails(error or EIO, stream)
            assert contents(kv) == {"a": b"old"}
        assert device.image() == before
        assert contents(TDBStore(device)) == {"a": b"old"}
        fails(error or EIO, TDBStore.mkfs, device)
        device.deaf = False
        device.error = 0
        kv["a"] = b"new"
        assert contents(kv) == contents(TDBStore(device)) == {"a": b"new"}


def test_steps_are_bounded():
    """No set does more than its share of a collection."""
    device = FaultInjectingBlockDevice(medium(8, 1024, 0xFF, size=131072))
    kv = TDBStore(device, format=True)
    for n in range(200):
        kv[f"k{n}"] = bytes(50)
    most = 0
    for n in range(400 if MICROPYTHON else 3000):
        before = device.operations
        kv[f"k{n * 37 % 200}"] = bytes(50)
        most = max(most, device.operations - before)
    assert MICROPYTHON or kv.collector.runs > 3
    # Two for the record itself, else pieces of one or two operations.
    assert most <= 16, most


def test_a_value_damaged_under_an_open_store():
    """Of any length: those that are read at once, those with one read more, and those in pieces."""
    for size in (1, 40, 100, 101, 104, 105, 128, 300, 900):
        heap = HeapBlockDevice(16384, program_size=8, erase_size=1024, erase_value=0xFF)
        kv = TDBStore(heap, format=True)
        value = bytes([n * 7 + 9 & 0xFF for n in range(size)])
        kv["a"] = value
        image = heap.image()
        place = image.index(b"a" + value) + 1
        for at in sorted({0, size // 2, size - 1}):
            damaged = bytearray(image)
            damaged[place + at] ^= 0x10
            heap.load(bytes(damaged))
            fails(EIO, kv.get, "a")
            fails(EIO, kv.readinto, "a", bytearray(size))
            heap.load(image)
            assert kv["a"] == value and kv.get("a") == value


def test_reading_allocates_nothing():
    kv = TDBStore(HeapBlockDevice(16384, erase_size=1024, erase_value=0xFF), format=True)
    for n in range(20):
        kv[f"key{n}"] = bytes([n]) * (20 * n)
    with kv.writer("streamed", 300) as file:
        file.write(bytes(300))
    buf = bytearray(400)

    def read():
        for _ in range(1000 // 3):
            kv.readinto("key3", buf)
            kv.readinto("key19", buf, 100)
            kv.readinto("streamed", buf)

    read()
    # Without native code a key is encoded first.
    if MICROPYTHON and NATIVE:
        import micropython

        micropython.heap_lock()
        try:
            read()
        finally:
            micropython.heap_unlock()


try:
    import fs._fasttdb

    NATIVE = True
except ImportError:
    NATIVE = False
