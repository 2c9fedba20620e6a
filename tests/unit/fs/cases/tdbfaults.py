"""TDBStore on media that fail: each call, once; those that lie; many damaged keys in a full store."""

import random
from errno import EIO, ENODEV

from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, TDBStore
from support import MICROPYTHON, raises

ENOSPC = 28
GEOMETRIES = (
    # program, erase, erase value
    (8, 512, 0xFF),
    (1, 1, None),
)


def medium(geometry, size=3072):
    program_size, erase_size, erase_value = geometry
    heap = HeapBlockDevice(
        size, program_size=program_size, erase_size=erase_size, erase_value=erase_value
    )
    return heap if erase_value is None else FlashSimBlockDevice(heap, erase_value)


def contents(kv):
    return {key: kv[key] for key in kv}


def live(kv, model, doubt):
    """Changes of all kinds. model: what is there; doubt: key -> what may be there instead after a start.

    Returns how many of the calls failed.
    """
    failed = 0
    for n in range(45):
        key = "abcd"[n & 3]
        value = None if n % 7 == 6 else bytes([n]) * (n * 5 % 60)
        try:
            if value is None:
                if key in model:
                    del kv[key]
            elif n % 5 == 4:
                with kv.writer(key, len(value)) as file:
                    file.write(value)
            elif n % 11 == 10:
                kv.collect(3)
                continue
            else:
                kv[key] = value
        except OSError as error:
            assert error.errno == EIO, error
            failed += 1
            if n % 11 != 10:
                doubt[key] = value
            continue
        doubt.pop(key, None)
        if value is None:
            model.pop(key, None)
        else:
            model[key] = value
    return failed


def agrees(found, model, doubt):
    for key in "abcd":
        value = found.get(key)
        if value != model.get(key) and (key not in doubt or value != doubt[key]):
            return False
    return True


def each_fault(order, step):
    """order(device, k) has the k-th operation or read fail. Returns (faults, calls that failed)."""
    total = failures = 0
    for geometry in GEOMETRIES:
        k = 0
        reached = True
        while reached:
            device = FaultInjectingBlockDevice(medium(geometry))
            kv = TDBStore(device, format=True)
            model, doubt = {}, {}
            before = device.operations, device.reads
            order(device, k)
            failed = live(kv, model, doubt)
            reached = device.operations - before[0] > k or device.reads - before[1] > k
            order(device, None)
            assert failed <= 1, (geometry, k, failed)
            assert contents(kv) == model, (geometry, k)
            device = device.restore()
            for _ in range(2):  # what a start finds, the next one does
                kv = TDBStore(device)
                found = contents(kv)
                assert agrees(found, model, doubt), (geometry, k, found, model, doubt)
                assert kv.usage()[2] == 0, (geometry, k)
                model, doubt = found, {}
            kv["a"] = b"after"
            assert TDBStore(device)["a"] == b"after", (geometry, k)
            total += reached
            failures += failed
            k += step
    return total, failures


def test_a_program_or_erase_fails():
    total, _ = each_fault(FaultInjectingBlockDevice.fail_at, 17 if MICROPYTHON else 1)
    assert total > (15 if MICROPYTHON else 200), total


def test_a_program_or_erase_is_dropped():
    total, _ = each_fault(FaultInjectingBlockDevice.drop_at, 17 if MICROPYTHON else 1)
    assert total > (15 if MICROPYTHON else 200), total


def test_a_read_fails():
    total, failures = each_fault(FaultInjectingBlockDevice.fail_read_at, 17 if MICROPYTHON else 1)
    assert total > (15 if MICROPYTHON else 200) and failures, (total, failures)


def test_a_read_fails_while_a_store_is_opened():
    for geometry in GEOMETRIES:
        device = FaultInjectingBlockDevice(medium(geometry))
        model = {}
        live(TDBStore(device, format=True), model, {})
        k = 0
        while True:
            device.fail_read_at(k)
            try:
                kv = TDBStore(device, format=True)  # it is there, so nothing is made
                break
            except OSError as error:
                assert error.errno == EIO
            k += 1
        device.fail_read_at(None)
        assert contents(kv) == contents(TDBStore(device)) == model and k > 10


def test_a_writer_that_has_failed_writes_no_more():
    """Also if the error is caught in its block: the key has its old value."""
    for geometry in GEOMETRIES:
        device = FaultInjectingBlockDevice(medium(geometry))
        kv = TDBStore(device, format=True)
        kv["a"] = b"old"

        def go():
            with kv.writer("a", 600) as file:  # noqa: B023
                file.write(bytes(200))
                device.fail_at(0)  # noqa: B023
                for _ in range(2):
                    assert raises(OSError, file.write, bytes(400)).errno == EIO

        assert raises(OSError, go).errno == EIO
        kv["b"] = b"1"
        assert contents(kv) == contents(TDBStore(device)) == {"a": b"old", "b": b"1"}


class Liar(HeapBlockDevice):
    """Says that it has more bytes than it has. What is behind them: another face of those in front,
    nothing that stays, or an error.
    """

    def __init__(self, size, real, how, **geometry):
        super().__init__(size, **geometry)
        self._real = real
        self._how = how

    def _pieces(self, addr, size):
        for at in range(addr, addr + size):
            if at >= self._real:
                if self._how == "error":
                    raise OSError(EIO, "there is nothing")
                if self._how == "nothing":
                    continue
            yield at % self._real, at - addr

    def _read(self, addr, buf):
        for i in range(len(buf)):
            buf[i] = 0xFF
        one = bytearray(1)
        for at, i in self._pieces(addr, len(buf)):
            super()._read(at, one)
            buf[i] = one[0]

    def _program(self, addr, buf):
        for at, i in self._pieces(addr, len(buf)):
            super()._program(at, bytes([buf[i]]))

    def _erase(self, addr, size):
        for at, _ in self._pieces(addr, size):
            super()._program(at, b"\xff")


def test_a_device_that_lies_about_its_size():
    """It is found out when the store is made, whatever is missing."""
    for how in ("mirror", "nothing", "error"):
        for real in (512, 1024, 1536, 2048, 2560, 4096 - 512):
            device = Liar(4096, real, how, erase_size=512, erase_value=0xFF)
            error = raises(OSError, lambda: TDBStore(device, format=True))  # noqa: B023
            assert error.errno in (EIO, ENODEV), (how, real, error)
    device = Liar(4096, 4096, "mirror", erase_size=512, erase_value=0xFF)
    TDBStore(device, format=True)["a"] = b"1"
    assert TDBStore(device)["a"] == b"1"


def test_many_damaged_keys_in_a_full_store():
    """They have records of their own, and removing always works."""
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    for _ in range(3 if MICROPYTHON else 30):
        bare = HeapBlockDevice(2048, program_size=8, erase_size=256, erase_value=0xFF)
        kv = TDBStore(bare, format=True)
        fill(kv, "")
        lost = set(kv)
        for key in sorted(lost):
            if random.randrange(2):
                kv.readinto(key, bytearray(1))
                at = kv._checked + random.choice((0, 9, 24, 27, 28))
                one = bytearray(8)
                bare.read(at - at % 8, one)
                one[at % 8] ^= 1 << random.randrange(8)
                bare.program(at - at % 8, one)
        kv = TDBStore(bare)
        lost = lost.difference(kv)
        fill(kv, "more")
        rounds = 0
        while kv.collect(9):
            rounds += 1
            assert rounds < 100
        kv = TDBStore(bare)
        for key in lost:
            assert raises(OSError, kv.get, key).errno == EIO
        for key in sorted(list(kv) + sorted(lost), key=lambda key: random.random()):
            del kv[key]
        assert contents(kv) == contents(TDBStore(bare)) == {} and kv.usage()[2] == 0
        fill(kv, "again")


def fill(kv, name):
    n = 0
    try:
        while True:
            kv[name + str(n)] = b"v"
            n += 1
    except OSError as error:
        assert error.errno == ENOSPC
