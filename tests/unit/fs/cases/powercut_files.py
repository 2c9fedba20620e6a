# platforms: host-stock host-native
"""The power is cut at every program and erase: littlefs, and a FileSystemStore on littlefs and FAT."""

import os

import fs
from fs import (
    FaultInjectingBlockDevice,
    FileSystemStore,
    FlashSimBlockDevice,
    HeapBlockDevice,
    PowerCut,
)

TORN = (None, "half", "random")


def flash():
    return HeapBlockDevice(24 * 1024, program_size=16, erase_size=1024, erase_value=0xFF)


class Nor(HeapBlockDevice):
    """Flash as it is: programming clears bits, and does not ask whether the place was erased."""

    def _program(self, addr, buf):
        old = bytearray(len(buf))
        self._read(addr, old)
        for i in range(len(buf)):
            old[i] &= buf[i]
        super()._program(addr, old)

    def load(self, image):
        super()._program(0, image)


def nor():
    return Nor(24 * 1024, program_size=16, erase_size=1024, erase_value=0xFF)


def card():
    return HeapBlockDevice(64 * 512, program_size=512, erase_size=512)


class suppress:
    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        pass

    def __exit__(self, kind, error, trace):
        return kind is self.kind


class Mounted:
    def __init__(self, device, kind):
        self.device = device
        self.kind = kind

    def __enter__(self):
        fs.mount(self.device, "/cut", self.kind)

    def __exit__(self, kind, error, trace):
        with suppress(PowerCut):  # the object is of no use any more
            fs.umount("/cut")


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        assert error.errno == 2, error
        return None


def write(path, data, mode="wb"):
    with open(path, mode) as file:
        file.write(data)


class Files:
    """What is expected of files: name -> the contents that it may have."""

    def __init__(self, start):
        self.allowed = {name: (data,) for name, data in start.items()}

    def change(self, name, data, change):
        # One that is new may be there without its contents: it was not closed.
        self.allowed[name] = self.allowed.get(name, (None, b"")) + (data,)
        change()
        self.allowed[name] = (data,)


START = {"/cut/a": b"first" * 100, "/cut/b": b"b", "/cut/d/c": b"c" * 2000}


def littlefs_work(files):
    a = b"second" * 90
    files.change("/cut/a", a, lambda: write("/cut/a", a))
    files.change("/cut/new", b"n" * 1500, lambda: write("/cut/new", b"n" * 1500))
    more = START["/cut/d/c"] + b"more"
    files.change("/cut/d/c", more, lambda: write("/cut/d/c", b"more", "ab"))
    files.change("/cut/b", None, lambda: os.remove("/cut/b"))

    def rename():
        files.allowed["/cut/new"] = b"n" * 1500, None
        os.rename("/cut/new", "/cut/a")
        files.allowed["/cut/new"] = (None,)

    files.change("/cut/a", b"n" * 1500, rename)


def prepare(medium):
    fs.mount(medium, "/cut", format=True)
    os.mkdir("/cut/d")
    for name, data in START.items():
        write(name, data)
    fs.umount("/cut")
    return medium


def cut_everywhere(medium, kind, work, model, check, torn, cached=False):
    """The workload is cut at every operation; returns how many it has."""
    image = medium.image()
    k, done = 0, False
    while not done:
        medium.load(image)
        below = medium
        if medium.erase_value is not None and not isinstance(medium, Nor):
            below = FlashSimBlockDevice(medium)
        device = FaultInjectingBlockDevice(below, seed=k, cached=cached)
        state = model()
        device.cut_at(k, torn)
        try:
            with Mounted(device, kind):
                work(state)
                done = True
        except PowerCut:
            pass
        try:
            device = device.restore()
            with Mounted(device, kind):
                check(state, done)
        except (AssertionError, OSError, ValueError):
            print("to repeat: k", k, "torn", torn, "cached", cached, kind)
            raise
        k += 1
    return k


def check_files(files, done):
    for name, allowed in files.allowed.items():
        if done:
            allowed = allowed[-1:]
        assert read(name) in allowed, name
    assert fs.check("/cut").ok()
    write("/cut/after", b"x" * 1500)
    assert read("/cut/after") == b"x" * 1500
    if read("/cut/new") is None:  # both names of a rename are as before, or both as after it
        assert files.allowed.get("/cut/new", (None,))[0] is None or read("/cut/a") == b"n" * 1500


def littlefs(torn, cached=False, medium=None):
    medium = prepare(medium or flash())
    n = cut_everywhere(
        medium, "littlefs", littlefs_work, lambda: Files(START), check_files, torn, cached
    )
    assert n > 20, n


def test_littlefs():
    littlefs(None)


def test_littlefs_torn_in_half():
    littlefs("half")


def test_littlefs_torn_at_random():
    # On flash that refuses to program a place again littlefs goes on with OSError(EIO) after some of
    # these: see docs/fs.md.
    littlefs("random", medium=nor())


def test_littlefs_on_a_medium_with_a_cache():
    littlefs(None, True)


# ---- FileSystemStore

VALUES = {"a": b"first" * 30, "B": b"b", "long" * 30: b"c" * 700}


class Model:
    """key -> the values that it may have."""

    def __init__(self):
        self.allowed = {key: (value,) for key, value in VALUES.items()}

    def change(self, key, value, change):
        self.allowed[key] = self.allowed.get(key, (None,))[0], value
        change()
        self.allowed[key] = (value,)


def store_work(model):
    kv = FileSystemStore("/cut/kv")
    model.change("a", b"second" * 20, lambda: kv.set("a", b"second" * 20))
    model.change("new", b"", lambda: kv.set("new", b""))
    model.change("B", None, lambda: kv.remove("B"))

    def stream():
        with kv.writer("long" * 30, 900) as writer:
            for _ in range(3):
                writer.write(b"d" * 300)

    model.change("long" * 30, b"d" * 900, stream)
    # All or nothing.
    before = model.allowed
    model.allowed = {"*": before}
    kv.reset()
    model.allowed = dict.fromkeys(before, (None,))
    model.change("a", b"third", lambda: kv.set("a", b"third"))


def check_store(model, done):
    kv = FileSystemStore("/cut/kv")
    allowed = model.allowed
    if "*" in allowed:
        allowed = allowed["*"]
        if not len(kv):
            allowed = {}
    for key in allowed:
        assert kv.get(key) in allowed[key], key
    for key in kv:
        assert key in allowed, key
    kv["after"] = b"x" * 500
    assert kv["after"] == b"x" * 500
    assert sorted(os.listdir("/cut/kv")) == ["keys"], os.listdir("/cut/kv")


def store(medium, kind, torn):
    fs.mount(medium, "/cut", kind, format=True)
    kv = FileSystemStore("/cut/kv")
    for key, value in VALUES.items():
        kv[key] = value
    fs.umount("/cut")
    n = cut_everywhere(medium, kind, store_work, Model, check_store, torn)
    assert n > 40, n


def test_a_store_on_littlefs():
    store(flash(), "littlefs", None)


def test_a_store_on_littlefs_torn_in_half():
    store(flash(), "littlefs", "half")


def test_a_store_on_littlefs_torn_at_random():
    store(nor(), "littlefs", "random")


def test_a_store_on_fat_on_a_medium_of_whole_blocks():
    store(card(), "fat", None)
