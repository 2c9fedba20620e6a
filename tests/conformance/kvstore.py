"""The suite of the contract "key-value store" (docs/contracts.md), for any store that claims to be one.

check_kvstore(kv) wants an empty store and leaves it empty; check_kv_deinit(kv) is the end of it.
Runs on MicroPython and CPython; knows nothing of pytest. A case file has it with
`# uses: conformance/kvstore.py`.
"""

from errno import ENODEV

_EROFS = 30
BAD_KEYS = (
    "",
    "x" * 129,
    "a*",
    "a/b",
    "?",
    ":a",
    "a;",
    'a"b',
    "a|",
    "a b",
    "<",
    ">",
    "a\\",
    "a\n",
)


def check_kvstore(kv):
    """Raises AssertionError at the first rule that the store breaks."""
    assert len(kv) == 0 and list(kv) == [] and list(kv.keys("a")) == []
    _mapping(kv)
    _values(kv)
    _keys_of_all_kinds(kv)
    _bad_input(kv)
    _once(kv)
    _writer(kv)
    _iteration(kv)
    while kv.collect(10):
        pass
    kv.reset()
    assert len(kv) == 0 and list(kv) == []


def check_kv_deinit(kv):
    """After deinit() every call but deinit() raises OSError(ENODEV)."""
    kv["a"] = b"1"
    writer = kv.writer("b", 1)
    kv.deinit()
    kv.deinit()
    buf = bytearray(1)
    for call in (
        lambda: kv["a"],
        lambda: kv.get("a"),
        lambda: kv.readinto("a", buf),
        lambda: kv.info("a"),
        lambda: "a" in kv,
        lambda: list(kv),
        lambda: kv.set("a", b""),
        lambda: kv.remove("a"),
        lambda: kv.writer("a", 1).__enter__(),
        writer.__enter__,
        kv.reset,
        kv.collect,
    ):
        error = _error(OSError, call)
        assert error.errno == ENODEV, error
    assert "deinit" in repr(kv), repr(kv)


def _error(kind, call, *args):
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError(f"nothing was raised, {kind.__name__} expected")


def _mapping(kv):
    assert "a" not in kv and kv.get("a") is None and kv.get("a", 5) == 5
    for call in (lambda: kv["a"], lambda: kv.remove("a"), lambda: kv.info("a")):
        _error(KeyError, call)
    _error(KeyError, kv.readinto, "a", bytearray(1))
    kv["a"] = b"1"
    assert "a" in kv and kv["a"] == b"1" and kv.get("a") == b"1" and len(kv) == 1
    assert type(kv["a"]) is bytes and list(kv) == ["a"]
    assert tuple(kv.info("a")) == (1, False)
    kv["a"] = bytearray(b"22")
    kv.set("b", memoryview(b"x333x")[1:-1])
    assert kv["a"] == b"22" and kv["b"] == b"333" and len(kv) == 2
    del kv["a"]
    assert "a" not in kv and kv["b"] == b"333" and len(kv) == 1
    _error(KeyError, lambda: kv["a"])
    kv["a"] = b""
    assert kv["a"] == b"" and tuple(kv.info("a")) == (0, False)
    kv.remove("a")
    kv.remove("b")
    assert len(kv) == 0


def _values(kv):
    for n in (1, 2, 31, 32, 33, 127, 128, 129, 300, 900):
        value = bytes([(n + 7 * i) & 0xFF for i in range(n)])
        kv["v"] = value
        assert kv["v"] == value
        buf = bytearray(b"\xaa" * (n + 3))
        assert kv.readinto("v", buf) == n and bytes(buf) == value + b"\xaa" * 3
        for offset in (0, 1, n // 2, n - 1, n):
            buf = bytearray(n)
            got = kv.readinto("v", buf, offset)
            assert got == n - offset and bytes(buf[:got]) == value[offset:]
            half = memoryview(bytearray(n // 2))
            got = kv.readinto("v", half, offset)
            assert got == min(n // 2, n - offset) and bytes(half[:got]) == value[offset:][:got]
        _error(ValueError, kv.readinto, "v", bytearray(1), n + 1)
        _error(ValueError, kv.readinto, "v", bytearray(1), -1)
    _error(TypeError, kv.readinto, "v", b"read-only")
    for none in ("text", None, 5, [1]):
        _error(ValueError, kv.set, "w", none)
    assert "w" not in kv
    del kv["v"]


def _keys_of_all_kinds(kv):
    keys = ["k", "K", "k" * 128, "a.b-c_d", "~", "\xe9\u20ac\U0001f600", "%41", "'"]
    for n in range(len(keys)):
        kv[keys[n]] = bytes([n])
    for n in range(len(keys)):
        assert kv[keys[n]] == bytes([n]), keys[n]
    assert sorted(kv) == sorted(keys)
    for key in keys:
        del kv[key]


def _bad_input(kv):
    kv["good"] = b"good"
    for key in BAD_KEYS + (None, 5, b"bytes"):
        for call in (
            lambda: kv.set(key, b""),  # noqa: B023
            lambda: kv.get(key),  # noqa: B023
            lambda: kv.remove(key),  # noqa: B023
            lambda: key in kv,  # noqa: B023
            lambda: kv.writer(key, 1),  # noqa: B023
        ):
            _error(ValueError, call)
    _error(ValueError, kv.writer, "a", -1)
    assert list(kv) == ["good"] and kv["good"] == b"good"
    del kv["good"]


def _once(kv):
    kv.set("once", b"1", write_once=True)
    assert tuple(kv.info("once")) == (1, True)

    def by_writer():
        with kv.writer("once", 1) as file:
            file.write(b"3")

    for call in (
        lambda: kv.set("once", b"2"),
        lambda: kv.set("once", b"1", True),
        lambda: kv.remove("once"),
        by_writer,
    ):
        assert _error(OSError, call).errno == _EROFS
        assert kv["once"] == b"1"
    kv.reset()
    assert "once" not in kv
    kv["once"] = b"2"
    del kv["once"]


def _writer(kv):
    kv["w"] = b"old"
    with kv.writer("w", 1000) as file:
        for n in range(10):
            assert kv["w"] == b"old"
            file.write(bytes([n]) * 100)
            kv["other"] = bytes([n])
    assert kv["w"] == b"".join([bytes([n]) * 100 for n in range(10)])
    assert tuple(kv.info("w")) == (1000, False) and kv["other"] == b"\x09"
    with kv.writer("w", 0, write_once=True):
        pass
    assert kv["w"] == b"" and tuple(kv.info("w")) == (0, True)
    kv.reset()
    kv["w"] = b"old"

    def too_much():
        with kv.writer("w", 3) as file:
            file.write(b"12")
            file.write(b"34")

    def too_little():
        with kv.writer("w", 3) as file:
            file.write(b"12")

    def broken():
        with kv.writer("w", 2) as file:
            file.write(b"12")
            raise ZeroDivisionError

    for kind, call in (
        (ValueError, too_much),
        (ValueError, too_little),
        (ZeroDivisionError, broken),
    ):
        _error(kind, call)
        assert kv["w"] == b"old" and len(kv) == 1
    kv["w"] = b"new"
    assert kv["w"] == b"new"
    del kv["w"]


def _iteration(kv):
    keys = [f"{prefix}{n}" for prefix in ("net.", "app.") for n in range(10)]
    for key in keys:
        kv[key] = key.encode()
    assert sorted(kv) == sorted(keys)
    assert sorted(kv.keys("net.")) == sorted([key for key in keys if key.startswith("net.")])
    assert list(kv.keys("nothing")) == []
    # What is not touched comes once, whatever happens to the others.
    seen = []
    for key in kv:
        n = len(seen)
        seen.append(key)
        if f"app.{n}" in kv:
            del kv[f"app.{n}"]
        kv[f"new{n}"] = b""
        kv.collect()
        if n > 60:
            break
    for n in range(10):
        assert seen.count(f"net.{n}") == 1, seen
    for key in list(kv):
        del kv[key]
