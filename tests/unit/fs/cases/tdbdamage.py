# soak: test_every_byte_damaged
"""TDBStore: a damaged byte, whichever it is, makes a key raise EIO or does nothing."""

from errno import EIO, ENODEV

from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, PowerCut, TDBStore
from support import MICROPYTHON, SOAK, raises

GEOMETRIES = (
    # program, erase, erase value
    (1, 256, 0xFF),
    (8, 256, 0x00),
    (4, 4, None),
)
SIZE = 1792  # the last bytes belong to no area
GONE = ("gone", "gone2", "never")


def heap(geometry):
    program_size, erase_size, erase_value = geometry
    return HeapBlockDevice(
        SIZE, program_size=program_size, erase_size=erase_size, erase_value=erase_value
    )


def medium(bare):
    # Which takes its time where a unit is a byte.
    return FlashSimBlockDevice(bare, bare.erase_value) if bare.program_size == 8 else bare


def age(kv):
    """Values that are not valid any more, in both areas; what is valid is returned."""
    for n in range(9):
        kv["a"] = b"old%d" % n
        kv["gone"] = b"was there"
    kv.set("once", b"!", write_once=True)
    while kv.collect() or not kv.collector.runs:
        pass
    del kv["gone"]
    with kv.writer("s", 9) as file:
        file.write(b"str")
        file.write(b"eamed")
        file.write(b"!")
    kv["gone2"] = b""
    del kv["gone2"]
    kv["a"] = b"new"
    return {"a": b"new", "once": b"!", "s": b"streamed!"}


def grown(bare):
    """A store with a past."""
    kv = TDBStore(medium(bare), format=True)
    return age(kv)


def collecting(bare):
    """The power went in the middle of a collection."""
    model = grown(bare)
    device = FaultInjectingBlockDevice(medium(bare))
    kv = TDBStore(device)
    kv.collector.start()
    for _ in range(7):
        kv.collector.step()
    assert kv.collector.phase
    return model


def half_committed(bare):
    """It went between the two master records; and came again."""
    model = grown(bare)
    image = bare.image()
    k = 0
    while True:
        bare.load(image)
        device = FaultInjectingBlockDevice(medium(bare))
        kv = TDBStore(device)
        device.cut_at(k)
        done = False
        try:
            done = kv.collector.finish()
        except PowerCut:
            device = device.restore()
        assert not done, "no cut left half of it"
        # A mount that writes has something to mend.
        assert contents(TDBStore(device)) == model
        if device.operations:
            return model
        k += 1


STORES = (grown, collecting, half_committed)


def contents(kv):
    return {key: kv[key] for key in kv}


def damages(byte, at):
    """What that byte may have become."""
    if not SOAK:
        return byte ^ 0xFF, byte ^ (1 << at % 8)
    found = {byte ^ (1 << bit) for bit in range(8)}
    found.update((0, 0xFF, 0x52, 0x48, byte ^ 0xFF, byte ^ 0xAA))
    found.discard(byte)
    return sorted(found)


def look(kv, model, where):
    """The keys that are known to be lost; all others are as they have to be."""
    lost = []
    for key in model:
        try:
            assert kv[key] == model[key], (where, key, kv[key])
            assert key in kv and kv.info(key)[0] == len(model[key])
            assert kv.info(key)[1] == (key == "once"), where
        except KeyError:
            raise AssertionError(f"{key!r} is not there, without an error: {where}") from None
        except OSError as error:
            assert error.errno == EIO, (where, key, error)
            lost.append(key)
    for key in GONE:
        try:
            assert kv.get(key, 1) == 1, (where, key)
        except OSError as error:
            assert error.errno == EIO and key != "never", (where, key, error)
            lost.append(key)
    listed = sorted(kv)
    # A value that was damaged since the store was opened is noticed when it is read.
    wrong = [key for key in listed if key not in model]
    wrong += [key for key in model if key not in lost and listed.count(key) != 1]
    assert not wrong, (where, listed)
    return lost


def heal(kv, model, lost, where):
    """Lost keys are given values, and all is well; also when everything was moved twice."""
    model = dict(model)
    for key in lost:
        if key in model:
            kv.set(key, b"again", key == "once")
            model[key] = b"again"
        else:
            kv.remove(key)
    assert look(kv, model, where) == [], where
    runs = kv.collector.runs
    n = 0
    while kv.collector.runs < runs + 2:
        kv["a"] = model["a"] = b"%d" % n
        n += 1
        assert n < 200, where
    assert look(kv, model, where) == [], where
    return model


def damage(geometry, make, at, new):
    """That byte of that store becomes `new`. Returns how many keys are lost; None: it is no store."""
    bare, whole, model = stores(geometry, make)
    where = f"repeat: damage({geometry}, {make.__name__}, {at}, {new})"
    image = bytearray(whole)
    image[at] = new
    # Before it is opened, and while it is.
    for opened in (False, True):
        try:
            bare.load(whole if opened else bytes(image))
            device = medium(bare)
            kv = TDBStore(device)
            if opened:
                bare.load(bytes(image))
                kv.log.chunk_at = -0x20000000  # which has been read before
            lost = look(kv, model, where)
            assert opened or kv.usage()[2] == len(lost), where
            # What was found out counts after the next start, too.
            kv = TDBStore(device)
            assert opened or look(kv, model, where) == lost, where
            lost = look(kv, model, where)
            if lost or at % 7 == 0:
                model_then = heal(kv, model, lost, where)
                assert look(TDBStore(device), model_then, where) == [], where
        except BaseException:
            print(where)
            raise
    return len(lost)


_made = {}


def stores(geometry, make):
    if (geometry, make) not in _made:
        bare = heap(geometry)
        model = make(bare)
        _made[geometry, make] = bare, bare.image(), model
    return _made[geometry, make]


def test_every_byte_damaged():
    total = [0, 0, 0]
    for geometry in GEOMETRIES[1:2] if MICROPYTHON else GEOMETRIES:
        for make in STORES:
            all_of_them = SOAK or geometry == GEOMETRIES[0] and make is grown
            step = 97 if MICROPYTHON else 1 if all_of_them else 19
            image = stores(geometry, make)[1]
            for at in range(0, len(image), step):
                for new in damages(image[at], at):
                    total[min(damage(geometry, make, at, new), 2)] += 1
    print("figure bytes", sum(total))
    print("figure with a lost key", total[1])
    assert total[0] and total[1] and not total[2], total


def test_no_master_record_is_no_store():
    """Both master records of the only store: it is not there, and its values do not come from elsewhere."""
    for geometry in GEOMETRIES:
        for make in STORES:
            bare, image, _ = stores(geometry, make)
            bare.load(image)
            kv = TDBStore(medium(bare))
            base = kv.active.base
            image = bytearray(image)
            step = kv.log.areas[0].start // 2
            image[base + 9] ^= 1
            image[base + step + 9] ^= 1
            # The other area is an older state of this store: as it is on the medium, it is whole.
            image[kv.log.area_size - base] ^= 1
            image[kv.log.area_size - base + step] ^= 1
            bare.load(bytes(image))
            assert raises(OSError, TDBStore, medium(bare)).errno == ENODEV


def test_power_cuts_while_a_key_is_lost():
    """At every operation of what comes then: it stays lost, whatever it had once, until it is set."""
    total = 0
    for geometry in GEOMETRIES[1:2] if MICROPYTHON else GEOMETRIES:
        bare, whole, model = stores(geometry, grown)
        bare.load(whole)
        kv = TDBStore(bare)
        kv.readinto("a", bytearray(1))
        at = kv._checked  # of its record
        for place in (at + 4, at + 24, at + 26):
            image = bytearray(whole)
            image[place] ^= 0x10
            k = 0
            done = False
            while not done:
                bare.load(bytes(image))
                device = FaultInjectingBlockDevice(medium(bare), k)
                kv = TDBStore(device)
                device.cut_at(k, (None, "half", "random")[k % 3])
                other = [b"", model["s"]]
                try:
                    while kv.collector.runs < 2:
                        other.append(b"%d" % len(other))
                        kv["s"] = other[-1]
                    done = True
                except PowerCut:
                    total += 1
                kv = TDBStore(device.restore())
                where = geometry, place, k
                error = raises(OSError, kv.get, "a")
                assert error.errno == EIO, where
                assert kv["once"] == b"!" and sorted(kv) == ["once", "s"], where
                assert kv["s"] in other[-2:], where
                kv["a"] = b"1"
                assert kv["a"] == TDBStore(kv.log.device)["a"] == b"1", where
                k += 7 if MICROPYTHON else 1
    assert total > (5 if MICROPYTHON else 50), total


def test_power_cuts_while_a_master_record_is_renewed():
    """Opening a store that has only one left is a collection, of which each operation is cut, twice."""
    total = 0
    for geometry in GEOMETRIES[1:2] if MICROPYTHON else GEOMETRIES:
        bare, whole, model = stores(geometry, grown)
        bare.load(whole)
        base = TDBStore(bare).active.base
        for place in (base + 3, base + TDBStore(bare).log.areas[0].start // 2 + 3):
            image = bytearray(whole)
            image[place] ^= 0x10
            k = 0
            cuts = 1
            while cuts:
                bare.load(bytes(image))
                device = FaultInjectingBlockDevice(medium(bare), k)
                cuts = 0
                for torn in ("random", "half"):
                    device.cut_at(k, torn)
                    try:
                        TDBStore(device)
                    except PowerCut:
                        cuts += 1
                    device = device.restore()
                kv = TDBStore(device)
                assert contents(kv) == model, (geometry, place, k)
                assert kv.active.whole and kv.usage()[2] == 0
                kv["a"] = b"1"
                assert contents(TDBStore(device)) == dict(model, a=b"1"), (geometry, place, k)
                total += cuts
                k += 3 if MICROPYTHON else 1
    assert total > (5 if MICROPYTHON else 50), total
