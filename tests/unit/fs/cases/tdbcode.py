# platforms: cpython host-stock mps2-native
"""What a TDBStore does with bytes, in machine code where there is any: against struct and binascii."""

import random
import struct
from binascii import crc32

from fs.tdbformat import DELETE, LOST, STREAMED, WRITE_ONCE, new_state
from fs.tdbindex import Index

try:
    from fs._fasttdb import alike, draft, extent, find, take
except ImportError:
    from fs._plaintdb import alike, draft, extent, find, take

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
                    whole = draft(state, out, tail, key, given, WRITE_ONCE)
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
