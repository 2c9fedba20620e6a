# platforms: cpython host-stock mps2-native
"""What a TDBStore does with bytes, in machine code where there is any: against struct and binascii."""

import random
import struct
from binascii import crc32

from fs.tdbformat import DELETE, LOST, STREAMED, WRITE_ONCE, new_state
from fs.tdbindex import Index

try:
    from fs._fastrecord import alike, draft, extent, find, take
    from fs._fasttdb import stamp
    from fs._fastwalk import ferry, follows, gather
except ImportError:
    from fs._plainrecord import alike, draft, extent, find, take
    from fs._plaintdb import stamp
    from fs._plainwalk import ferry, follows, gather

GENERATION, OFFSET = 0xFEDCBA98, 0x1238
CHUNK = 128


def record(key, value, flags=0, size=None):
    """The bytes of a record but its trailer, by docs/spec/tdbstore.md."""
    key = key.encode()
    size = len(value) if size is None else size
    head = struct.pack("<HHHHIII", 0x4852, flags, len(key), 0, size, crc32(key), crc32(value))
    place = struct.pack("<II", GENERATION, OFFSET)
    return head + struct.pack("<I", crc32(place + head)) + key + value


def trailer(whole, flags, key, value):
    """The bytes of the first trailer of a record."""
    tail = struct.pack("<HHIII", 0x5452, flags, whole, crc32(key.encode()), crc32(value))
    return tail + struct.pack("<I", crc32(struct.pack("<II", GENERATION, OFFSET) + tail))


def looked_for(key, unit=1, erased=0xFF):
    """A state after find()."""
    state = new_state(unit, erased)
    assert find(state, key, Index().table) == 0
    state[17] = GENERATION
    state[18] = OFFSET
    return state


def chunk(data):
    return bytearray((data + b"\xff" * CHUNK)[:CHUNK])


def noise(n):
    return bytes([random.getrandbits(8) for _ in range(n)])


def test_find():
    index = Index()
    state = new_state()
    keys = [f"key.{n}" for n in range(150)] + ["k" * 128, "\xe9\u20ac\U0001f600", "~"]
    tags = {}
    for key in keys:
        data = key.encode()
        assert find(state, key, index.table) in [0] + list(tags.values())
        assert state[0] == crc32(data) and state[24] == len(data)
        tags.setdefault(crc32(data) & 0xFFFF, 8 * len(tags) + 8)
    for tag, addr in tags.items():
        index.add(tag, addr)
    for key in keys:
        addr = find(state, key, index.table)
        assert addr == tags[crc32(key.encode()) & 0xFFFF]
        assert index.at(state[25]) == addr
    for bad in ("", "k" * 129, "a b", "a/b", "\n", "a\0", "\x7f", "a\\", b"bytes", 5, None):
        assert find(state, bad, index.table) == -1, bad


def test_take():
    for key in ("k", "key.99", "\u20ac", "k" * 60, "k" * 100):
        state = looked_for(key)
        n = len(key.encode())
        for size in (0, 1, 3, 32, CHUNK - 24 - n):
            if 24 + n + size > CHUNK:
                continue
            value = noise(size)
            data = chunk(record(key, value, WRITE_ONCE))
            assert take(state, data, key, CHUNK) == 24 + n
            found = list(state[19:24])
            assert found == [WRITE_ONCE, n, size, crc32(key.encode()), crc32(value)]
            assert state[0] == crc32(key.encode())  # for draft()


def test_take_leaves_to_others():
    key = "key"
    state = looked_for(key)
    for flags in (STREAMED, STREAMED | WRITE_ONCE, DELETE, LOST):
        assert take(state, chunk(record(key, b"value", flags)), key, CHUNK) == ~27
        assert state[19] == flags
    whole = record(key, bytes(CHUNK - 27))
    assert take(state, chunk(whole), key, CHUNK) == 27
    assert take(state, chunk(whole), key, CHUNK - 1) == ~27
    for size in (CHUNK - 26, 1 << 20, 0x3FFFFFFF):
        assert take(state, chunk(record(key, b"", 0, size)), key, CHUNK) == ~27
        assert state[21] == size
    assert take(state, chunk(record(key, b"", 0, 0x40000000)), key, CHUNK) == 0
    assert take(state, chunk(record(key, b"", 16)), key, CHUNK) == 0
    assert take(state, chunk(record("kez", b"")), key, CHUNK) == 0
    assert take(state, chunk(record("keys", b"")), key, CHUNK) == 0
    # A key that does not fit, and one that just does.
    long = "k" * 110
    assert take(looked_for(long), chunk(record(long, b"")), long, CHUNK) == 0
    assert take(looked_for("k" * 104), chunk(record("k" * 104, b"")), "k" * 104, CHUNK) == 128


def test_take_sees_every_bit():
    key = "key"
    state = looked_for(key)
    good = record(key, b"the value")
    for bit in range(8 * len(good)):
        data = chunk(good)
        data[bit >> 3] ^= 1 << (bit & 7)
        where = take(state, data, key, CHUNK)
        assert where == (0 if bit < 8 * 27 else ~27), bit
    assert take(state, chunk(good), key, CHUNK) == 27
    for word in (17, 18):  # of another place or time
        state[word] ^= 1
        assert take(state, chunk(good), key, CHUNK) == 0
        state[word] ^= 1


def test_draft():
    for unit, erased in ((1, 0xFF), (8, 0xFF), (12, 0), (32, 0xA5)):
        for key in ("k", "key.99", "\u20ac", "k" * 60):
            state = looked_for(key, unit, erased)
            for size in (0, 1, 3, 32, 64, 100):
                value = noise(size)
                for given in (value, bytearray(value), memoryview(b"x" + value + b"y")[1:-1]):
                    assert find(state, key, Index().table) == 0
                    expected = record(key, value, WRITE_ONCE)
                    expected += bytes((erased,)) * (-len(expected) % unit)
                    out = bytearray(b"\x55" * CHUNK)
                    tail = bytearray(state[27])
                    whole = draft((state, out, tail), key, given, WRITE_ONCE)
                    if len(expected) > CHUNK:
                        assert whole == 0
                        continue
                    assert whole == len(expected)
                    assert out == expected + b"\x55" * (CHUNK - whole), (unit, key, size)
                    assert tail[:20] == trailer(whole, WRITE_ONCE, key, value)
                    assert take(state, out, key, CHUNK) > 0
                    assert extent(state) == whole + state[27]


def test_extent():
    for unit in (1, 8, 12, 512):
        state = new_state(unit)
        slot = 20 + -20 % unit
        for key_len in (0, 1, 3, 512):
            for size in (0, 1, 7, 8, 100000):
                body = 24 + key_len + size
                body += -body % unit
                for flags, slots in ((0, 1), (WRITE_ONCE, 1), (STREAMED, 2), (DELETE, 1)):
                    state[19] = flags
                    state[20] = key_len
                    state[21] = size
                    assert extent(state) == body + slots * slot


def test_alike():
    for n in range(13):
        a = bytearray(noise(16))
        b = bytearray(a)
        assert alike(a, b, n)
        for i in range(16):
            b[i] ^= 0x10
            assert alike(a, b, n) == (i >= n), (n, i)
            b[i] ^= 0x10


def walk(function, state, data, at, end, table):
    state[32] = at
    state[34] = end
    return function(state, data, table)


class Piece:
    """Records one behind the other, and a state for where they are: data[0] is 0x40 behind an area's start."""

    BASE = 0x1000

    def __init__(self, unit, *records):
        self.state = state = new_state(unit)
        self.data = bytearray()
        self.places = []
        state[17] = GENERATION
        for key, value, flags in records:
            self.places.append(len(self.data))
            self.add(key, value, flags)
        state[30] = self.BASE + 0x40
        state[31] = 0x40
        state[33] = len(self.data)

    def add(self, key, value, flags, start=0x40):
        global OFFSET
        kept = OFFSET
        OFFSET = start + len(self.data)
        body = record(key, value, flags)
        body += b"\xff" * (-len(body) % self.state[26])
        tail = trailer(len(body), flags, key, value)
        self.data += body + tail + b"\xff" * (-len(tail) % self.state[26])
        OFFSET = kept

    def addr(self, n):
        return self.BASE + 0x40 + self.places[n]


def records(n):
    return [(f"key.{i}", noise(i % 40), WRITE_ONCE if i % 3 else 0) for i in range(n)]


def ferried(piece, out, at, end, index, room=CHUNK * 9):
    """ferry() to what is 0x28 behind the start of an area at 0; how many bytes, and why it ended."""
    state = piece.state
    state[32], state[34], state[37] = at, end, GENERATION
    state[38], state[39], state[40], state[41] = 0x28, 0x28, room, 7
    n = ferry(state, out, piece.data, index.table)
    return n, state[42]


def test_ferry():
    global GENERATION
    for unit in (1, 8, 12):
        said = records(9)
        piece = Piece(unit, *said)
        data, places = piece.data, piece.places
        end = len(data)

        def some(*numbers):
            index = Index()
            for n in numbers:
                index.add(crc32(said[n][0].encode()) & 0xFFFF, piece.addr(n))  # noqa: B023
            return index

        for numbers in ((2, 3, 6), (0, 8), (), tuple(range(9)), (4,)):
            expected = b""
            OFFSETS, GENERATION = [], 7
            made = Piece(unit)
            for n in numbers:
                OFFSETS.append(len(made.data))
                made.add(*said[n], 0x28)
            expected = bytes(made.data)
            GENERATION = 0xFEDCBA98
            index = some(*numbers)
            out = bytearray(b"\x55" * CHUNK * 9)
            assert ferried(piece, out, 0, end, index) == (len(expected), 0)
            assert piece.state[32] == end
            assert out[: len(expected)] == expected, (unit, numbers)
            assert out[len(expected) :] == b"\x55" * (len(out) - len(expected))
            state = new_state(unit)
            for i in range(len(numbers)):
                assert find(state, said[numbers[i]][0], index.table) == 0x28 + OFFSETS[i]
        out = bytearray(CHUNK * 9)
        size = places[4] - places[3]
        assert ferried(piece, out, places[4], end, some(3)) == (0, 0)
        assert piece.state[32] == end
        # Cut off: in the record that counts, in its header, in one that does not count.
        for cut in (places[3] + 31, places[3] + 20, places[2] + 30):
            assert ferried(piece, out, places[1], cut, some(3)) == (0, 0)
            assert piece.state[32] == places[3]
        # No room for the second one.
        assert ferried(piece, out, 0, end, some(3, 4), size + 40) == (size, 1)
        assert piece.state[32] == places[4]
        # The log ends in the middle of one; the header of one is damaged.
        piece.state[33] = places[5] - 1
        assert ferried(piece, out, places[3], end, some(3)) == (size, 2)
        assert piece.state[32] == places[4]
        piece.state[33] = end
        data[places[4] + 9] ^= 4
        assert ferried(piece, out, places[3], end, some(3)) == (size, 2)
        assert piece.state[32] == places[4]
        for flags in (STREAMED, DELETE, LOST):
            piece = Piece(unit, ("a", b"x", 0), ("b", b"", flags), ("c", b"", 0))
            assert ferried(piece, out, 0, len(piece.data), Index()) == (0, 2)
            assert piece.state[32] == piece.places[1]


def test_gather():
    for unit in (1, 8, 12):
        piece = Piece(unit, *records(9))
        state, data, places = piece.state, piece.data, piece.places
        index = Index()
        state[35] = 100
        assert walk(gather, state, data, 0, len(data), index.table) == 0 and state[32] == len(data)
        assert state[35] == 91 and state[36] == len(data)
        for n in range(9):
            key = f"key.{n}"
            assert find(state, key, index.table) == piece.addr(n)
        assert walk(gather, state, data, places[4], len(data), index.table) == 3
        assert state[32] == places[4] and state[22] == crc32(b"key.4")
        # Room for two.
        index = Index()
        state[35] = 2
        assert walk(gather, state, data, 0, len(data), index.table) == 4 and state[32] == places[2]
        assert find(state, "key.1", index.table) and not find(state, "key.2", index.table)
        assert walk(gather, state, data, places[2], places[3] - 1, index.table) in (0, 4)
        # Any byte of header, key, value.
        for i in range(places[7], places[7] + 29 + 7):
            index = Index()
            state[35] = 9
            data[i] ^= 0x20
            assert walk(gather, state, data, places[6], len(data), index.table) == 2, i - places[7]
            assert state[32] == places[7] and state[35] == 8
            data[i] ^= 0x20
        assert walk(gather, state, data, places[7], places[7] + 35, index.table) == 0
        for flags in (STREAMED, DELETE, LOST):
            piece = Piece(unit, ("a", b"x", 0), ("b", b"", flags), ("c", b"", 0))
            piece.state[35] = 9
            assert walk(gather, piece.state, piece.data, 0, len(piece.data), Index().table) == 2
            assert piece.state[32] == piece.places[1]


def test_follows():
    for unit in (1, 8, 12):
        for key, other in (("k", "l"), ("key.9", "key.8"), ("k" * 100, "k" * 99)):
            piece = Piece(unit, (key, b"new", 0))
            state, data = piece.state, piece.data
            state[35] = 9
            index = Index()
            assert walk(gather, state, data, 0, len(data), index.table) == 0 and state[32]
            assert walk(gather, state, data, 0, len(data), index.table) == 3
            assert index.at(state[25]) == piece.addr(0)
            for size in (0, 1, 5000, 0x3FFFFFF0):
                state[17], state[18] = GENERATION, OFFSET
                old = chunk(record(key, b"old", WRITE_ONCE, size))
                expected = 24 + len(key) + size
                expected += -expected % unit + state[27]
                assert follows(state, data, old) == expected
                assert state[20] == len(key) and state[21] == 3 and state[32] == 0
            for flags in (STREAMED, DELETE, LOST, 16):
                assert follows(state, data, chunk(record(key, b"", flags))) == 0
            assert follows(state, data, chunk(record(other, b"old"))) == 0
            good = record(key, b"old")
            for bit in range(8 * (24 + len(key))):
                old = chunk(good)
                old[bit >> 3] ^= 1 << (bit & 7)
                assert follows(state, data, old) == 0, bit


def test_stamp():
    state = new_state()
    state[17], state[18] = GENERATION, OFFSET
    whole = record("key", b"value")
    tail = trailer(len(whole), 0, "key", b"value")
    head, made = bytearray(whole), bytearray(tail + b"end")
    for i in range(4):
        head[20 + i] = made[16 + i] = 0x55
    stamp(state, head, made)
    assert head == whole and made == tail + b"end"
