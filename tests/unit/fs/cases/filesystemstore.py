"""FileSystemStore, its file names, and stores by name."""

import os
import random
from errno import EIO, ENODEV, ENOENT

import fs
from fs import FileSystemStore
from fs.keynames import check_key, decode, encode
from support import MICROPYTHON, Folder, folder_kinds, raises, tree

EBUSY, ENOSPC, EROFS = 16, 28, 30
LONG = "Ab" * 64


def fails(number, function, *arguments):
    error = raises(OSError, function, *arguments)
    assert error.errno == number, error
    return str(error)


def test_names_of_files():
    for key, name in (
        ("wifi_ssid", "wifi_ssid"),
        ("WiFi-1.b", "+wi+fi-1.b"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        (".a.", "%2ea%2e"),
        ("a+b%c~", "a%2bb%25c%7e"),
        ("\u00e4", "%c3%a4"),
        ("x" * 128, "x" * 100 + "~/" + "x" * 28),
    ):
        assert encode(key) == name, (key, encode(key))
        assert decode(name) == key, name
    for name in ("A", "+", "+1", "%", "%zz", "%61", "a~", "~", "%ff", "a b", "", "%2", "new~/"):
        assert decode(name) is None, name


def test_no_two_keys_share_a_name_where_case_does_not_count():
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    alphabet = "aAbB+%~.1_\u00e4\u00c4#2e"
    seen = {}
    for _ in range(500 if MICROPYTHON else 5000):
        n = random.choice((1, 2, 3, 127, 128))
        key = "".join([random.choice(alphabet) for _ in range(n)])
        name = encode(key)
        assert decode(name) == key, key
        assert seen.setdefault(name.lower(), key) == key, (key, seen[name.lower()])
        for part in name.split("/"):
            assert 0 < len(part) <= 101 and not part.endswith("."), name


def test_keys_that_are_none():
    for key in (
        "",
        "a" * 129,
        "a/b",
        "a b",
        "a*",
        "a?",
        "a:",
        "a;",
        'a"',
        "a|",
        "a<",
        "a>",
        "a\\",
    ):
        raises(ValueError, check_key, key)
    for key in (None, 1, b"a"):
        raises(ValueError, check_key, key)


def test_values():
    for kind in folder_kinds():
        with Folder(kind) as path:
            kv = FileSystemStore(path + "/kv")
            assert len(kv) == 0 and list(kv) == [] and "a" not in kv
            raises(KeyError, lambda kv=kv: kv["a"])
            assert kv.get("a") is None and kv.get("a", 5) == 5
            values = {"a": b"", "A": b"1", LONG: b"2" * 3000, "x.y": bytes(range(256))}
            for key, value in values.items():
                kv[key] = value
            for _ in range(2):
                assert {key: kv[key] for key in kv} == values
                assert len(kv) == 4 and sorted(kv.keys("A")) == ["A", LONG]
                assert all(key in kv for key in values) and "b" not in kv
                kv.deinit()
                kv = FileSystemStore(path + "/kv")
            kv["a"] = bytearray(b"new")
            assert kv["a"] == b"new" and kv.info("a") == (3, False)
            kv["a"] = memoryview(b"newer")[:4]
            assert kv["a"] == b"newe"
            del kv[LONG]
            kv.remove("A")
            assert sorted(kv) == ["a", "x.y"]
            for call in (kv.remove, kv.info, kv.__getitem__, kv.readinto):
                raises(KeyError, call, "A", *((bytearray(),) if call == kv.readinto else ()))
            assert tree(path + "/kv") == [
                path + "/kv/keys",
                path + "/kv/keys/a",
                path + "/kv/keys/x.y",
            ]
            kv.reset()
            assert len(kv) == 0 and tree(path) == [path + "/kv", path + "/kv/keys"]
            assert kv.collect() is False
            assert path in repr(kv)


def test_readinto():
    with Folder() as path:
        kv = FileSystemStore(path)
        value = bytes(range(200)) * 3
        kv["a"] = value
        for size in (0, 1, 255, 256, 257, 599, 600, 601, 1000):
            for offset in (0, 1, 300, 599, 600):
                buf = bytearray(b"\xee" * size)
                n = kv.readinto("a", buf, offset)
                assert n == max(0, min(size, 600 - offset)), (size, offset, n)
                assert buf == value[offset : offset + n] + b"\xee" * (size - n)
        for offset in (-1, 601):
            raises(ValueError, kv.readinto, "a", bytearray(1), offset)


def test_write_once():
    with Folder() as path:
        kv = FileSystemStore(path)
        kv.set("serial", b"1234", write_once=True)
        kv = FileSystemStore(path)
        assert kv.info("serial") == (4, True)
        fails(EROFS, kv.set, "serial", b"1234")
        fails(EROFS, kv.remove, "serial")
        fails(EROFS, lambda: kv.writer("serial", 1).__enter__())
        assert kv["serial"] == b"1234"
        kv.reset()
        assert "serial" not in kv
        kv["serial"] = b"5"


def test_a_writer():
    with Folder() as path:
        kv = FileSystemStore(path)
        kv["a"] = b"old"
        with kv.writer("a", 1000) as writer:
            fails(EBUSY, kv.writer("b", 1).__enter__)
            for n in range(10):
                kv["b"] = bytes([n])  # a value in between
                writer.write(bytes([n]) * 100)
                assert kv["a"] == b"old"
            raises(ValueError, writer.write, b"x")
        assert kv["a"] == b"".join([bytes([n]) * 100 for n in range(10)]) and kv["b"] == b"\x09"
        raises(ValueError, writer.write, b"")

        def short():
            with kv.writer("a", 2) as writer:
                writer.write(b"x")

        raises(ValueError, short)

        class Stop(Exception):
            pass

        def stopped():
            with kv.writer("c", 1) as writer:
                writer.write(b"x")
                raise Stop

        raises(Stop, stopped)
        assert len(kv["a"]) == 1000 and "c" not in kv
        with kv.writer("once", 0, write_once=True):
            pass
        assert kv.info("once") == (0, True)
        assert len(tree(path)) == 4, tree(path)


def test_wrong_values():
    with Folder() as path:
        kv = FileSystemStore(path)
        for value in ("text", 5, None, [1]):
            raises(ValueError, kv.set, "a", value)
        for size in (-1, "1", 1 << 40):
            raises(ValueError, kv.writer, "a", size)
        for call in (
            lambda: kv.set("a/b", b""),
            lambda: kv["a b"],
            lambda: kv.remove(""),
            lambda: "a|b" in kv,
            lambda: kv.info("a" * 129),
            lambda: kv.writer("*", 0),
            lambda: kv.readinto("?", bytearray(1)),
        ):
            raises(ValueError, call)
        assert tree(path) == [path + "/keys"]
        fails(ENOENT, FileSystemStore, path + "/no/such")


def test_deinit():
    with Folder() as path:
        with FileSystemStore(path) as kv:
            kv["a"] = b"a"
        kv.deinit()
        for call in (
            lambda: kv["a"],
            lambda: kv.set("a", b""),
            lambda: kv.remove("a"),
            lambda: "a" in kv,
            lambda: len(kv),
            lambda: kv.keys(),
            lambda: kv.info("a"),
            lambda: kv.readinto("a", bytearray(1)),
            lambda: kv.writer("a", 0).__enter__(),
            kv.reset,
            kv.collect,
        ):
            fails(ENODEV, call)
        assert "deinit" in repr(kv)


def test_damage_of_every_byte_is_found():
    with Folder() as path:
        kv = FileSystemStore(path)
        kv["key"] = b"value"
        with open(path + "/keys/key", "rb") as file:
            good = file.read()
        assert len(good) == 12 + 3 + 5 + 4

        def damaged(data):
            with open(path + "/keys/key", "wb") as file:
                file.write(data)
            for call in (lambda: kv["key"], lambda: kv.readinto("key", bytearray(2))):
                assert "damaged" in fails(EIO, call)

        for i in range(len(good)):
            for bit in range(8):
                changed = bytearray(good)
                changed[i] ^= 1 << bit
                damaged(changed)
        for n in range(len(good)):
            damaged(good[:n])
        damaged(good + b"x")
        kv["key"] = b"mended"
        assert kv["key"] == b"mended"
        kv["other"] = b"12345"  # as long as `key`'s, but another's
        with open(path + "/keys/other", "rb") as file:
            other = file.read()
        damaged(other)
        del kv["key"]
        assert list(kv) == ["other"]


def test_what_a_power_cut_leaves_behind():
    with Folder() as path:
        kv = FileSystemStore(path)
        kv["a"] = b"one"
        kv["b"] = b"two"

        def copy(source, target, cut=None):
            with open(path + source, "rb") as file:
                data = file.read()
            with open(path + target, "wb") as file:
                file.write(data[:cut])

        before = tree(path)
        for left in ("/new", "/part"):
            for cut in (0, 5, 14, -1):  # a part of a value
                copy("/keys/a", left, cut)
                kv = FileSystemStore(path)
                assert (kv["a"], kv["b"]) == (b"one", b"two") and tree(path) == before
            copy("/keys/a", left)  # a whole one that did not get to its place
            for cut in (0, 14, -1, None):
                copy("/keys/b", "/keys/a", cut)
                copy("/keys/b", "/keys/b", None)
                kv = FileSystemStore(path)
                assert (kv["a"], kv["b"]) == (b"one", b"two") and tree(path) == before
                copy("/keys/a", left)
        copy("/keys/a", "/reset")
        kv = FileSystemStore(path)
        assert list(kv) == [] and tree(path) == [path + "/keys"]


def test_full():
    """Nothing changes, and there is room again when something goes."""
    if not MICROPYTHON:
        return
    for kind in folder_kinds():
        with Folder(kind, blocks=70, size=512) as path:
            kv = FileSystemStore(path)
            for n in range(8):
                kv[str(n)] = bytes([n]) * 700
            errors = 0
            for n in range(40):
                model = {key: kv[key] for key in kv}
                key = str(n % 9)
                size = 100 * n
                try:
                    if n % 2:
                        kv[key] = bytes(size)
                    else:
                        with kv.writer(key, size) as writer:
                            writer.write(bytes(size))
                    model[key] = bytes(size)
                except OSError as error:
                    assert error.errno == ENOSPC, error
                    errors += 1
                assert {key: kv[key] for key in kv} == model, n
            assert errors > 2, errors
            for n in range(9):
                if n % 3:
                    kv.remove(str(n))
            kv["last"] = b"x" * 1000


def test_against_a_dict():
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    keys = ("a", "A", "b.c", LONG, LONG[:-1] + "c", "\u20ac")
    for kind in folder_kinds():
        with Folder(kind) as path:
            kv = FileSystemStore(path)
            model = {}
            for _ in range(300):
                key = random.choice(keys)
                action = random.randrange(8)
                if action < 4:
                    model[key] = value = bytes([random.getrandbits(8)]) * random.randrange(600)
                    if action:
                        kv[key] = value
                    else:
                        with kv.writer(key, len(value)) as writer:
                            writer.write(value[:100])
                            writer.write(value[100:])
                elif action == 4:
                    if model.pop(key, None) is None:
                        raises(KeyError, kv.remove, key)
                    else:
                        del kv[key]
                elif action == 5:
                    assert kv.get(key) == model.get(key), key
                    assert (key in kv) == (key in model)
                elif action == 6:
                    assert sorted(kv) == sorted(model) and len(kv) == len(model)
                else:
                    kv = FileSystemStore(path)
            assert {key: kv[key] for key in kv} == model


def test_stores_by_name():
    with Folder() as path:
        one, two = FileSystemStore(path + "/1"), FileSystemStore(path + "/2")
        fs.attach_store("one", one)
        fs.attach_store("one", one)
        fs.attach_store("two", two)
        try:
            fs.store("one")["name"] = b"first"
            assert "name" in one and "name" not in fs.store("two")
            assert fs.stores() == ["one", "two"]
            raises(ValueError, fs.attach_store, "one", two)
            assert "one, two" in str(raises(ValueError, fs.store, "three"))
            for name in ("", "a/b", None):
                raises(ValueError, fs.attach_store, name, one)
        finally:
            fs.detach_store("one")
            assert fs.detach_store("two") is two
        raises(ValueError, fs.detach_store, "one")


def test_the_default_store():
    if not MICROPYTHON:
        return
    kv = fs.store()
    assert kv is fs.store("kv") and kv.path == "/flash/kv"
    kv["boots"] = b"1"
    assert "kv" in os.listdir("/flash")
    fs.detach_store("kv")
    assert fs.store()["boots"] == b"1"
    fs.store().reset()
    fs.detach_store("kv")
