# soak: test_double_cuts
"""TDBStore and power cuts: after one at any operation each key has its old or its new value."""

import random

from fs import FaultInjectingBlockDevice, FlashSimBlockDevice, HeapBlockDevice, PowerCut, TDBStore
from support import MICROPYTHON, SOAK, faint, raises

GEOMETRIES = (
    # program, erase, erase value
    (1, 512, 0xFF),
    (8, 256, 0xFF),
    (32, 256, 0x00),
    (1, 1, None),
    (16, 64, None),
)
SIZE = 3072
ABSENT = None


class Case:
    """A medium, what is on it for sure, and what may be there instead."""

    def __init__(self, geometry):
        program_size, erase_size, erase_value = geometry
        self.heap = HeapBlockDevice(
            SIZE, program_size=program_size, erase_size=erase_size, erase_value=erase_value
        )
        self.value = erase_value
        self.model = {}
        self.next = None  # what the model is after the call under way

    def medium(self):
        return self.heap if self.value is None else FlashSimBlockDevice(self.heap, self.value)

    def start(self, image, model):
        self.heap.load(image)
        self.model = dict(model)
        self.next = None

    def call(self, change, function, *args):
        """function(*args), after which the model is what change makes of it."""
        self.next = dict(self.model)
        change(self.next)
        function(*args)
        self.model = self.next
        self.next = None

    def set(self, kv, key, value, once=False):
        self.call(lambda model: model.update({key: value}), kv.set, key, value, once)

    def remove(self, kv, key):
        self.call(lambda model: model.pop(key), kv.remove, key)

    def stream(self, kv, key, value):
        def go():
            with kv.writer(key, len(value)) as file:
                half = len(value) // 2
                file.write(value[:half])
                file.write(value[half:])

        self.call(lambda model: model.update({key: value}), go)

    def reset(self, kv):
        self.call(lambda model: model.clear(), kv.reset)

    def check(self, kv, where):
        found = {key: kv[key] for key in kv}
        assert len(found) == len(kv), where
        if found != self.model:
            assert self.next is not None and found == self.next, (where, found, self.model)
            self.model = self.next
        self.next = None
        assert kv.usage()[2] == 0, where

    def go_on(self, device, where, format=False):
        """The store goes on: everything can be done again, and is there after a restart."""
        kv = TDBStore(device, format)
        self.check(kv, where)
        for key in sorted(self.model):
            live, limit, _ = kv.usage()
            if live + 300 > limit and not kv.info(key)[1]:
                self.remove(kv, key)
        for key, value in (("a", b"after the cut"), ("new", b"n" * 40), ("a", b"again")):
            self.set(kv, key, value)
        self.remove(kv, "new")
        self.check(kv, where)
        self.check(TDBStore(device), where)


def prepare(case):
    kv = TDBStore(case.medium(), format=True)
    for n in range(4):
        case.set(kv, "abcd"[n], bytes([n]) * (9 * n))
    case.set(kv, "once", b"for ever", True)
    case.set(kv, "gone", b"x")
    case.remove(kv, "gone")


def changes(case, kv):
    """Sets, removals, writers, through more than one collection; each rounds through both areas."""
    for n in range(3):
        case.set(kv, "a", bytes([n + 65]) * 30)
        case.stream(kv, "s", bytes([n + 65]) * 150)
        case.set(kv, "b", b"")
        case.remove(kv, "b")
        case.set(kv, "long" * 20, bytes([n]) * 70)
        case.set(kv, "c", bytes(100 + n))
        case.set(kv, "d", b"\xff" * 33)
        if n == 1 and "once2" not in kv:
            case.set(kv, "once2", b"1", True)


def steps(case, kv):
    """Collection in small pieces, with changes in between."""
    case.set(kv, "a", b"1" * 200)
    case.set(kv, "a", b"2" * 200)
    n = 0
    while kv.collect():
        case.set(kv, "b", bytes([n & 0xFF]) * 9)
        if n == 2:
            case.remove(kv, "a")
        if n == 5:
            case.set(kv, "a", b"3")
        n += 1


def emptying(case, kv):
    case.set(kv, "a", b"1")
    case.reset(kv)
    case.set(kv, "a", b"2")
    case.reset(kv)


def until_full(case, kv):
    """Removals that have no room, too."""
    n = 0
    try:
        while True:
            case.set(kv, str(n) * 20, b"xy" * 20)
            n += 1
    except OSError:
        case.next = None
    while n:
        n -= 1
        case.remove(kv, str(n) * 20)


def mingled(case, kv):
    """Values that come piece by piece, others in between."""
    for n in range(3):
        data = bytes([n + 97]) * 40 + bytes(200) + b"\xff" * 100
        with kv.writer("s", len(data)) as file:
            file.write(data[:20])
            case.set(kv, "a", bytes([n + 65]) * 30)
            case.set(kv, "b", bytes(60))
            file.write(data[20:220])
            case.set(kv, "c", b"\xff" * 60)
            case.next = dict(case.model, s=data)
            file.write(data[220:])
        case.model, case.next = case.next, None
        case.set(kv, "d", b"1")


def streams(case, kv):
    """A value that comes piece by piece is the first to be written after a start."""
    for n in range(2):
        case.stream(kv, "s", bytes([n + 97]) * 100 + b"\xff" * 60 + bytes(60))
        case.stream(kv, "t", b"short")


WORKLOADS = {
    "changes": changes,
    "steps": steps,
    "emptying": emptying,
    "until_full": until_full,
    "mingled": mingled,
    "streams": streams,
}


def run(workload, case, device):
    """Whether the workload came to its end, or to that of the room, which changes nothing."""
    try:
        workload(case, TDBStore(device))
    except PowerCut:
        return False
    except OSError as error:
        assert error.errno == 28, error
        case.next = None
    return True


def cut(case, image, model, workload, k, torn, seed, cached, where):
    """Whether the workload has an operation k, at which the power was cut."""
    case.start(image, model)
    device = FaultInjectingBlockDevice(case.medium(), seed, cached)
    device.cut_at(k, torn)
    done = run(workload, case, device)
    case.go_on(device.restore(), where)
    return not done


def all_cuts(geometry, name, torn, cached=False, step=1, first=0):
    """Cut the power at operations first, first + step, …; returns the number of them."""
    case = Case(geometry)
    prepare(case)
    image = case.heap.image()
    model = case.model
    k = first
    while True:
        where = f"repeat: all_cuts({geometry}, {name!r}, {torn!r}, {cached}, first={k})"
        try:
            if not cut(case, image, model, WORKLOADS[name], k, torn, k, cached, where):
                return k
        except BaseException:
            print(where)
            raise
        k += step


def test_cut_at_every_operation():
    total = 0
    if MICROPYTHON:
        for name in WORKLOADS:
            for geometry in (GEOMETRIES[1], GEOMETRIES[3]):
                total += all_cuts(geometry, name, "half", step=9)
    else:
        for geometry in GEOMETRIES:
            for name in WORKLOADS:
                for torn in (None, "half", "random"):
                    n = all_cuts(geometry, name, torn)
                    assert n > 12, (geometry, name, n)
                    total += n
    print("cuts", total)


def test_cut_with_reordered_writes():
    for geometry in GEOMETRIES:
        for name in WORKLOADS:
            all_cuts(geometry, name, "random", True, 41 if MICROPYTHON else 5)


def test_cut_while_formatting():
    """The store that was there, or an empty one; none only where there was none."""
    for geometry in (GEOMETRIES[1], GEOMETRIES[4]) if MICROPYTHON else GEOMETRIES:
        case = Case(geometry)
        prepare(case)
        kv = TDBStore(case.medium())
        while kv.collect(10):  # so that the active area is the second one
            pass
        images = [case.heap.image()]
        kv.reset()
        case.set(kv, "only", b"1")
        images.append(case.heap.image())
        for image in images:
            case.heap.load(image)
            kv = TDBStore(case.medium())
            model = {key: kv[key] for key in kv}
            for torn in (None, "half", "random"):
                k = 0
                while True:
                    case.start(image, model)
                    device = FaultInjectingBlockDevice(case.medium(), k)
                    device.cut_at(k, torn)
                    try:
                        TDBStore.mkfs(device)
                        break
                    except PowerCut:
                        pass
                    device = device.restore()
                    kv = TDBStore(device)
                    found = {key: kv[key] for key in kv}
                    assert found in ({}, model), (geometry, torn, k, found)
                    case.model = found
                    case.go_on(device, (geometry, torn, k))
                    k += 1 if not MICROPYTHON else 3
        for k in range(0, 99, 7 if MICROPYTHON else 1):
            case = Case(geometry)
            device = FaultInjectingBlockDevice(case.medium(), k)
            device.cut_at(k, (None, "half", "random")[k % 3])
            try:
                TDBStore(device, format=True)
                break
            except PowerCut:
                case.go_on(device.restore(), (geometry, k), True)
        else:
            raise AssertionError("a format has no end")


def test_cuts_in_a_row_do_not_fill_the_store():
    """A device that loses power at its first write, again and again."""
    for geometry in GEOMETRIES:
        case = Case(geometry)
        prepare(case)
        device = FaultInjectingBlockDevice(case.medium(), 5)
        for n in range(60 if MICROPYTHON else 300):
            device.cut_at(n % 7, ("half", "random")[n & 1])
            if run(changes, case, device):
                continue
            device = device.restore()
            case.check(TDBStore(device), (geometry, n))
        case.go_on(device, geometry)


def test_a_value_in_pieces_finds_a_place_where_cuts_left_no_trace():
    for size in (5, 90, 300):
        for cuts in range(6):
            heap = HeapBlockDevice(16384, program_size=8, erase_size=512, erase_value=0xFF)
            device = faint(FlashSimBlockDevice(heap))
            TDBStore(device, format=True)["a"] = b"1"
            value = bytes(size)
            for _ in range(cuts):
                device.cut_at(0, "half")
                raises(PowerCut, stream, TDBStore(device), value)
                device = device.restore()
            kv = TDBStore(device)
            stream(kv, value)
            assert kv["s"] == TDBStore(device)["s"] == value and len(kv) == 2, (size, cuts)


def stream(kv, value):
    with kv.writer("s", len(value)) as file:
        file.write(value[:40])
        file.write(value[40:])


def double_cut(seed):
    """Two cuts, the second one in what follows the first; torn, reordered or neither."""
    random.seed(seed)
    geometry = random.choice(GEOMETRIES)
    case = Case(geometry)
    prepare(case)
    workload = WORKLOADS[random.choice(sorted(WORKLOADS))]
    device = FaultInjectingBlockDevice(case.medium(), seed, bool(random.getrandbits(1)))
    for _ in range(2):
        device.cut_at(random.randrange(150), random.choice((None, "half", "random")))
        run(workload, case, device)
        device = device.restore()
        case.check(TDBStore(device), seed)
        workload = WORKLOADS[random.choice(("changes", "steps", "mingled"))]
    case.go_on(device, seed)


def test_what_looks_erased_after_a_cut_is_not_written_again():
    """A write that shows nothing, and then others: cut k of each round comes at the same place."""
    total = 0
    for geometry in GEOMETRIES[1:3] if MICROPYTHON else GEOMETRIES[:3]:
        for name in WORKLOADS:
            for rounds in (1, 2, 6):
                k = 0
                while True:
                    case = Case(geometry)
                    prepare(case)
                    device = faint(case.medium())
                    where = f"geometry {geometry}, {name}, {rounds} cuts at operation {k} of each"
                    cuts = 0
                    try:
                        for _ in range(rounds):
                            device.cut_at(k, "half")
                            cuts += not run(WORKLOADS[name], case, device)
                            device = device.restore()
                            case.check(TDBStore(device), where)
                        case.go_on(device, where)
                    except BaseException:
                        print(where)
                        raise
                    if not cuts:
                        break
                    total += cuts
                    k += 17 if MICROPYTHON else 8
    print("faint cuts", total)
    assert total > (100 if MICROPYTHON else 500)


def test_double_cuts():
    rounds = 10000 if SOAK else 20 if MICROPYTHON else 300
    first = random.getrandbits(24)
    print("figure seed", first)
    print("figure rounds", rounds)
    for seed in range(first, first + rounds):
        try:
            double_cut(seed)
        except BaseException:
            print(f"repeat: double_cut({seed})")
            raise
