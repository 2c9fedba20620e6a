"""RecordLog: its ring, its readers, damage, and power cuts at every operation."""

import random
from errno import EINVAL, EIO, ENODEV

from fs import (
    FaultInjectingBlockDevice,
    FlashSimBlockDevice,
    HeapBlockDevice,
    PowerCut,
    RecordLog,
)
from support import faint, no_allocation, raises

EILSEQ = 84

KINDS = (
    {"size": 8 * 512, "program_size": 1, "erase_size": 512, "erase_value": 0xFF},
    {"size": 4 * 1024, "program_size": 16, "erase_size": 1024, "erase_value": 0xFF},
    {"size": 3 * 1024, "program_size": 8, "erase_size": 256, "erase_value": 0},
    {"size": 4096, "erase_size": 1},
    {"size": 6 * 512, "program_size": 4, "erase_size": 128},
)


def make(kind=0):
    medium = HeapBlockDevice(**KINDS[kind])
    return medium, over(medium)


def over(medium):
    value = medium.erase_value
    return medium if value is None else FlashSimBlockDevice(medium, value)


def fails(number, function, *arguments, **options):
    error = raises(OSError, lambda: function(*arguments, **options))
    assert error.errno == number, error


def record(n, size=None):
    """The record of that number; its length too is known."""
    return bytes([(n * 7 + i * 3) & 0xFF for i in range(1 + n * 5 % 30 if size is None else size)])


def contents(log):
    return list(log.reader())


def test_records_come_out_as_they_went_in():
    for kind in range(len(KINDS)):
        _, device = make(kind)
        log = RecordLog(device)
        assert len(log) == 0 and log.first() == log.next() == 0 and contents(log) == []
        for n in range(20):
            assert log.append(record(n)) == n
        for _ in range(2):
            assert contents(log) == [(n, record(n)) for n in range(20)]
            assert (len(log), log.first(), log.next()) == (20, 0, 20)
            log = RecordLog(device)
        assert "0 to 19" in repr(log)
        log.append(memoryview(record(20)))
        assert log.append(bytearray(record(21))) == 21
        assert contents(RecordLog(device))[-2:] == [(20, record(20)), (21, record(21))]


def test_the_newest_over_the_oldest():
    for kind in range(len(KINDS)):
        _, device = make(kind)
        log = RecordLog(device, record_max=30)
        n = 0
        for _ in range(12):
            for _ in range(40):
                assert log.append(record(n)) == n
                n += 1
            found = contents(log)
            assert found == [(i, record(i)) for i in range(log.first(), n)]
            assert log.next() == n
            log = RecordLog(device, record_max=30)
            assert contents(log) == found
        assert log.first() > 0
        # All blocks but the one that is being filled are full.
        kept = sum([-(-(8 + len(data)) // device.program_size) for _, data in found])
        least = (log.blocks - 1) * (log.block_size - 32 - 40 - device.program_size)
        assert kept * device.program_size > least - log.blocks * device.program_size, kind


def test_readers_go_on_where_they_were():
    _, device = make()
    log = RecordLog(device)
    reader = log.reader()
    assert reader.read() is None
    for n in range(10):
        log.append(record(n))
    assert [reader.read() for _ in range(4)] == [(n, record(n)) for n in range(4)]
    assert reader.position == 4 and reader.lost == 0
    log = RecordLog(device)
    reader = log.reader(4)
    assert list(reader) == [(n, record(n)) for n in range(4, 10)]
    assert reader.read() is None
    log.append(record(10))
    assert reader.read() == (10, record(10))
    assert list(log.reader(11)) == [] and "11" in repr(reader)
    for start in (-1, 12):
        raises(ValueError, log.reader, start)


def test_readinto():
    _, device = make()
    log = RecordLog(device)
    log.append(b"12345")
    log.append(b"abc")
    reader = log.reader()
    raises(ValueError, reader.readinto, bytearray(4))
    buf = bytearray(b"......")
    assert reader.readinto(buf) == 5 and buf == b"12345."
    assert reader.readinto(buf) == 3 and buf == b"abc45."
    assert reader.readinto(buf) is None


def test_a_reader_that_is_overtaken():
    for kind in range(len(KINDS)):
        _, device = make(kind)
        log = RecordLog(device, record_max=30)
        slow = log.reader(0)
        read = 0
        for n in range(600):
            log.append(record(n))
            if n % 3 == 0:
                found = slow.read()
                assert found == (slow.position - 1, record(found[0]))
                read += 1
        rest = list(slow)
        assert rest[-1] == (599, record(599))
        assert slow.lost > 0 and read + len(rest) + slow.lost == 600, (kind, slow)


def test_wrong_arguments():
    _, device = make()
    for options in (
        {"record_max": 0},
        {"record_max": "1"},
        {"record_max": 70000},
        {"block_size": 100},
        {"block_size": 700},
        {"block_size": 4096},
        {"record_max": 4096},
        {"record_max": 600, "block_size": 512},
    ):
        raises(ValueError, lambda options=options: RecordLog(device, **options))
    log = RecordLog(device, record_max=10)
    for data in (b"", bytes(11)):
        raises(ValueError, log.append, data)
    raises(TypeError, log.append, "text")
    assert len(log) == 0
    log.append(bytes(10))
    log.deinit()
    log.deinit()
    for call in (lambda: log.append(b"x"), log.prepare, log.reset, log.reader(0).read):
        fails(ENODEV, call)
    assert "deinit" in repr(log)


def test_what_else_is_on_the_medium_is_left_alone():
    for kind in range(len(KINDS)):
        medium, device = make(kind)
        medium.program(medium.size - 16, b"something else..")
        image = medium.image()
        fails(EILSEQ, RecordLog, device)
        assert medium.image() == image
        log = RecordLog(over(medium), format=True)
        log.append(b"x")
        assert contents(RecordLog(over(medium))) == [(0, b"x")]
        # An empty one over one with records; numbers go on.
        log = RecordLog(over(medium), format=True)
        assert contents(log) == [] and log.append(b"y") == 1
    medium, device = make()
    RecordLog(device, block_size=1024).append(b"x")
    fails(EINVAL, RecordLog, device)
    log = RecordLog(device, format=True)
    log.append(b"y")
    assert contents(RecordLog(device)) == [(0, b"y")]


def test_reset():
    for kind in range(len(KINDS)):
        _, device = make(kind)
        log = RecordLog(device)
        log.reset()
        reader = log.reader()
        for n in range(50):
            log.append(record(n))
        log.reset()
        assert contents(log) == [] and (log.first(), log.next()) == (50, 50)
        assert reader.read() is None
        log = RecordLog(device)
        assert contents(log) == [] and (log.first(), log.next()) == (50, 50)
        log.append(record(50))
        assert (reader.position, reader.lost) == (50, 50) and log.reader(3).read() == (
            50,
            record(50),
        )
        for n in range(51, 400):
            log.append(record(n))
        assert contents(RecordLog(device)) == [(n, record(n)) for n in range(log.first(), 400)]


def test_prepare_erases_ahead():
    medium, _ = make()
    device = FaultInjectingBlockDevice(over(medium))
    log = RecordLog(device)
    assert log.prepare() is False
    n = 0
    while device.erases < 2:
        log.append(record(n))
        n += 1
    assert log.prepare() is True and log.prepare() is False
    erases = device.erases
    for _ in range(40):
        log.append(record(n))
        n += 1
        if device.erases == erases and log._number == 3:
            break
    assert device.erases == erases and log._number == 3
    assert contents(log) == [(i, record(i)) for i in range(n)]


def test_all_blocks_are_erased_equally_often():
    medium, _ = make()

    class Counting(FlashSimBlockDevice):
        def _erase(self, addr, size):
            erased[addr // 512] += 1
            super()._erase(addr, size)

    erased = [0] * 8
    device = Counting(medium)
    log = RecordLog(device)
    for n in range(3000):
        log.append(record(n))
        if n % 500 == 0:
            log = RecordLog(device)
    assert min(erased) > 10 and max(erased) - min(erased) <= 1, erased


def test_a_medium_that_fails():
    for what in range(6):
        medium, _ = make(1)
        device = FaultInjectingBlockDevice(over(medium))
        log = RecordLog(device)
        good = []
        for n in range(200):
            if n % 9 == 0:
                device.fail_at(what)
            try:
                good.append((log.append(record(n)), record(n)))
            except OSError as error:
                assert error.errno == EIO, error
            device.fail_at(None)
        numbers = [number for number, _ in good]
        assert numbers == list(range(len(good))), numbers  # what failed got none
        assert len(good) >= 180
        for _ in range(2):
            found = contents(log)
            assert found == good[len(good) - len(found) :] and len(found) > 20, (what, len(found))
            log = RecordLog(device)
    device.fail_read_at(0)
    fails(EIO, log.reader().read)
    device.fail_read_at(0)
    fails(EIO, RecordLog, device)


def test_bad_blocks_are_passed_over():
    medium, _ = make()

    class Bad(FlashSimBlockDevice):
        def _erase(self, addr, size):
            if addr // 512 in (2, 3, 7):
                raise OSError(EIO, "worn out")
            super()._erase(addr, size)

    log = RecordLog(Bad(medium))
    for n in range(500):
        assert log.append(record(n)) == n
    found = contents(log)
    assert found == [(n, record(n)) for n in range(log.first(), 500)] and len(found) > 50
    assert contents(RecordLog(Bad(medium))) == found


def test_the_steady_state_allocates_nothing():
    _, device = make(1)
    log = RecordLog(device, record_max=12)
    reader = log.reader()
    data = bytearray(b"0123456789ab")
    buf = bytearray(12)

    def rounds():
        for _ in range(1000):
            log.append(data)
            if reader.readinto(buf) != 12:
                raise AssertionError

    no_allocation(rounds)
    assert buf == data and reader.lost == 0 and log.first() > 0


# ---- Damage


def test_damage_of_every_byte():
    """Records are right or missing, and the log goes on."""
    for geometry in ({"erase_value": 0xFF}, {"program_size": 4}):
        medium = HeapBlockDevice(3 * 512, **geometry)
        log = RecordLog(over(medium), record_max=30)
        n = 0
        while log._number < log.blocks + 2:
            log.append(record(n))
            n += 1
        image = medium.image()
        good = dict(contents(log))
        seed = random.getrandbits(30)
        print("seed", seed)
        random.seed(seed)
        for at in range(len(image)):
            bits = 1 << random.randrange(8) if random.randrange(2) else random.randrange(1, 256)
            changed = bytearray(image)
            changed[at] ^= bits
            medium.load(changed)
            device = over(medium)
            try:
                log = RecordLog(device, record_max=30)
            except OSError as error:
                assert error.errno in (EINVAL, EILSEQ), (at, error)
                continue
            reader = log.reader()
            found = dict(reader)
            for number, data in found.items():
                assert good.get(number) == data, (at, bits, number)
            if at % 5 == 0:
                number = log.append(b"after")
                assert number <= n
                assert contents(log)[-1] == (number, b"after"), (at, bits)


# ---- Power cuts


def work(log, done):
    """Appends around the ring, with a prepare() and a reset(); done: the numbers it has got."""
    for n in range(done["next"], done["next"] + 26):
        if n % 23 == 5:
            log.prepare()
        done["trying"] = n
        assert log.append(record(n)) == n
        done["next"] = n + 1
    done["resetting"] = True
    log.reset()
    done["first"] = done["next"]
    done["resetting"] = False
    for n in range(done["next"], done["next"] + 3):
        done["trying"] = n
        log.append(record(n))
        done["next"] = n + 1


def check(log, done):
    found = contents(log)
    last = log.next()
    # The one that was being appended may be there.
    assert last in (done["next"], done["trying"] + 1), (last, done)
    assert found == [(n, record(n)) for n, _ in found]
    # The oldest block may have been erased in part.
    missing = set(range(log.first(), last)) - {n for n, _ in found}
    assert not missing or max(missing) < found[0][0] + 30
    if done["resetting"] and not found:
        pass
    elif last > done["first"]:
        assert found and (log.first() <= done["first"] or log.first() < last - 20), (log, done)
    else:
        assert not found
    for n in range(last, last + 30):
        assert log.append(record(n)) == n
    found = [(n, record(n)) for n in range(log.first(), last + 30) if n not in missing]
    assert contents(log) == found


def cut_everywhere(kind, torn, cached=False):
    medium, device = make(kind)
    log = RecordLog(device, record_max=30)
    start = 90
    for n in range(start):
        log.append(record(n))
    image = medium.image()
    k = 0
    while True:
        medium.load(image)
        device = FaultInjectingBlockDevice(over(medium), seed=k, cached=cached)
        state = {"next": start, "trying": start - 1, "first": 0, "resetting": False}
        device.cut_at(k, torn)
        try:
            work(RecordLog(device, record_max=30), state)
            break
        except PowerCut:
            pass
        try:
            check(RecordLog(device.restore(), record_max=30), state)
        except (AssertionError, OSError, ValueError):
            print("to repeat: kind", kind, "k", k, "torn", torn, "cached", cached)
            raise
        k += 1
    assert k >= 30, k


def test_power_cuts():
    for kind in range(len(KINDS)):
        cut_everywhere(kind, None)


def test_power_cuts_torn_in_half():
    for kind in (0, 1, 3):
        cut_everywhere(kind, "half")


def test_power_cuts_torn_at_random():
    for kind in range(len(KINDS)):
        cut_everywhere(kind, "random")


def test_power_cuts_on_media_with_a_cache():
    for kind, torn in ((0, None), (1, "random"), (2, None), (2, "random"), (4, None)):
        cut_everywhere(kind, torn, True)


def test_what_looks_erased_after_a_cut_is_not_written_again():
    """Each append is cut a few times in a row, so that nothing can be seen of it."""
    for kind in (0, 1, 2):
        medium, device = make(kind)
        RecordLog(device, record_max=30).append(record(0))
        device = faint(device)
        for n in range(1, 60):
            for _ in range(n % 4):
                device.cut_at(n % 3, "half")
                raises(PowerCut, fill, RecordLog(device, record_max=30))
                device = device.restore()
            log = RecordLog(device, record_max=30)
            due = log.next()
            assert log.append(record(due)) == due
            again = RecordLog(device, record_max=30)
            assert log.next() == again.next() == due + 1
            found = [(n, record(n)) for n in range(log.first(), due + 1)]
            assert contents(log) == contents(again) == found, (kind, n, due)


def fill(log):
    for _ in range(9):
        log.append(record(log.next()))


def test_power_cuts_while_the_first_block_is_begun():
    for kind in range(len(KINDS)):
        blank = make(kind)[0].image()
        for k in range(4):
            for torn in (None, "half", "random"):
                medium, _ = make(kind)
                medium.load(blank)
                device = FaultInjectingBlockDevice(over(medium), seed=k)
                device.cut_at(k, torn)
                try:
                    log = RecordLog(device)
                    log.append(b"one")
                    log.append(b"two")
                except PowerCut:
                    pass
                log = RecordLog(device.restore())
                assert contents(log) in ([], [(0, b"one")], [(0, b"one"), (1, b"two")])
                log.append(b"more")
                assert contents(RecordLog(log.device))[-1][1] == b"more"
