"""Storage of board mps2 survives its emulator: killed in the middle of writing, reset, started again.

The disk is a file that the emulator maps, so what the processor has stored is there after a
SIGKILL, up to the last byte, and nothing behind it: a power cut at any instruction.

COIL_SEED=n repeats what is written and how long a kill waits; where it hits depends on the computer.
"""

import os
import random
import select
import signal
import time

import pytest
from coiltools import storage
from coiltools.emulator import Emulator
from littlefs import LittleFS

_FLASH_BYTES = 8 << 20
_BLOCK = 4096
#: Where the store is: in the area for update slots, of which there are none yet.
_STORE, _STORE_BYTES = 0x21C00000, 0x10000
_DISK = 0x21000000
#: `make soak` sets COIL_SOAK.
_KILLS = 200 if os.environ.get("COIL_SOAK") else 20

# Reports what is there, in lines `name number`, then does what it is told, one line after another.
_APPLICATION = (
    f"""
import os, sys, machine
from fs import RamBlockDevice, TDBStore
from uctypes import bytearray_at

medium = RamBlockDevice(
    bytearray_at({_STORE}, {_STORE_BYTES}), program_size=8, erase_size=4096, erase_value=0xFF)
store = TDBStore(medium, format=True)
"""
    + """
FOLDER = "/flash/data/"

def contents(n, size):
    pattern = b"%d," % n
    return b"%d %d\\n" % (n, size) + (pattern * (size // len(pattern) + 1))[:size]

def number(data):
    if not data:
        return "empty"
    try:
        n, size = [int(word) for word in data[:data.index(b"\\n")].split()]
        return n if data == contents(n, size) else "bad"
    except ValueError:
        return "bad"

def write(name, n, size):
    data = memoryview(contents(n, size))
    with open(FOLDER + name, "wb") as file:
        for at in range(0, len(data), 700):
            file.write(data[at:at + 700])

def replace(name, n, size):
    write("new", n, size)
    os.rename(FOLDER + "new", FOLDER + name)

def append(name, n, size):
    with open(FOLDER + name, "ab") as file:
        file.write(b"%07d\\n" % n)

def remove(name, n, size):
    os.remove(FOLDER + name)

def put(key, n, size):
    store[key] = contents(n, size)

def unset(key, n, size):
    del store[key]

def lines(data):
    last = len(data) // 8
    return last if data == b"".join([b"%07d\\n" % n for n in range(last + 1)][1:]) else "bad"

def report():
    for name in os.listdir(FOLDER):
        with open(FOLDER + name, "rb") as file:
            data = file.read()
        print(name, lines(data) if name == "log" else number(data))
    for key in store:
        print(key, number(store[key]))
    print("ready")

try:
    os.mkdir(FOLDER[:-1])
except OSError:
    os.stat(FOLDER[:-1])
report()
while True:
    words = sys.stdin.readline().split()
    if words[0] == "reset":
        machine.reset()
    print("begin", words[2])
    globals()[words[0]](words[1], int(words[2]), int(words[3]))
    print("done", words[2])
"""
)


class Writer:
    """A board that runs the application above, and what has to be on its medium."""

    def __init__(self, firmware, disk, seed):
        self.random = random.Random(seed)
        self.there = {}  # name -> number of its contents
        self.after = {}  # the same, when the operation that runs now will have been done
        self._next = 1
        self.seconds = []  # of each operation
        with Emulator(firmware, disk=disk) as board:
            board.wait_for_prompt()
            board.exec(f"with open('/flash/main.py', 'w') as f:\n    f.write({_APPLICATION!r})")
        self.board = Emulator(firmware, disk=disk)

    def start(self):
        self.board.start()
        self.check()

    def check(self):
        """The board has been started: everything has its old or its new contents."""
        said = self.board.console.until(b"ready\r\n", timeout=30).decode()
        if "done " in said[: said.index("Coil OS ")]:
            self.there = self.after
        report = said[said.index("application: ") :].splitlines()[1:-1]
        found = dict(line.split() for line in report)
        unfinished = found.pop("new", None)  # written, not renamed yet: may be anything whole
        assert unfinished != "bad", found
        old = {name: str(n) for name, n in self.there.items()}
        new = {name: str(n) for name, n in self.after.items()}
        allowed = [old, new]
        for name in new.keys() - old.keys():
            if name.startswith("key"):
                continue
            # open() has made the file, close() was not reached.
            allowed.append({**old, name: "empty"})
        if "log" in new and "log" not in old:
            allowed.append({**old, "log": "0"})
        assert found in allowed, f"found {found}, expected one of {allowed}"
        self.there = {name: int(n) for name, n in found.items() if n != "empty"}
        empty = [name for name, n in found.items() if n == "empty"]
        if self.there.get("log") == 0:
            del self.there["log"]
        self.after = dict(self.there)
        for name in empty:
            self.do("remove", name, 0, 0)
        return found == new and old != new

    def send(self, action, name, n, size):
        self.after = dict(self.there)
        if action in ("remove", "unset"):
            self.after.pop(name, None)
        else:
            self.after[name] = n
        self.board.console.write(f"{action} {name} {n} {size}\n".encode())

    def do(self, *operation):
        begin = time.monotonic()
        self.send(*operation)
        self.board.console.until(b"done %d\r\n" % operation[2], timeout=30)
        self.seconds.append(time.monotonic() - begin)
        self.there = self.after

    def choose(self):
        """An operation that is possible now."""
        files = sorted(name for name in self.there if name.startswith("file"))
        keys = sorted(name for name in self.there if name.startswith("key"))
        action = self.random.choice(["write", "replace", "write", "replace", "append", "remove"])
        if self.random.randrange(2):
            action = self.random.choice(["set", "set", "set", "unset"])
        n, self._next = self._next, self._next + 1
        if action == "append":
            return "append", "log", self.there.get("log", 0) + 1, 0
        if action == "remove" and files:
            return "remove", self.random.choice(files), n, 0
        if action == "unset" and keys:
            return "unset", self.random.choice(keys), n, 0
        which = self.random.randrange(6)
        if action in ("set", "unset"):
            return "put", f"key{which}", n, self.random.choice([0, 10, 100, 1000, 3000])
        if action == "remove":
            action = "write"
        return action, f"file{which}", n, self.random.choice([10, 100, 1000, 3000, 9000])

    def kill(self):
        """In the middle of an operation, mostly. Returns whether it was not told to be done."""
        operation = self.choose()
        usual = sorted(self.seconds)[len(self.seconds) // 2]
        self.send(*operation)
        time.sleep(self.random.uniform(0, 1.2 * usual))
        os.kill(self.board.pid, signal.SIGKILL)
        print(*operation)
        done = b"done %d\r\n" % operation[2] in drain(self.board.fd)
        if done:
            self.there = self.after
        self.board.stop()
        return not done


def drain(fd):
    """What is still in the console of an emulator that has ended."""
    data = b""
    while select.select([fd], [], [], 10)[0]:
        try:
            part = os.read(fd, 65536)
        except ConnectionResetError:
            break
        if not part:
            break
        data += part
    return data


def check_on_the_computer(writer, tmp_path):
    """What readers on the computer find on the disk."""
    disk = writer.board.disk.path.read_bytes()
    volume = LittleFS(block_size=_BLOCK, block_count=_FLASH_BYTES // _BLOCK, mount=False)
    volume.context.buffer[:] = disk[:_FLASH_BYTES]
    volume.mount()
    found = {name: volume.open(f"/data/{name}", "rb").read() for name in volume.listdir("/data")}
    found.pop("new", None)
    image = tmp_path / "store"
    image.write_bytes(disk[_STORE - _DISK : _STORE - _DISK + _STORE_BYTES])
    with storage.opened(image, "kv") as store:
        found.update({entry.path: store.read(entry.path) for entry in store.entries()})
    assert found.keys() == writer.there.keys()
    for name, n in writer.there.items():
        head, _, rest = found[name].partition(b"\n")
        if name == "log":
            assert found[name] == b"".join(b"%07d\n" % line for line in range(1, n + 1))
        else:
            number, size = map(int, head.split())
            assert number == n and rest == (b"%d," % n * size)[:size], name


@pytest.fixture
def writer(firmware, tmp_path, request):
    seed = int(os.environ.get("COIL_SEED") or random.SystemRandom().getrandbits(32))
    print("seed", seed)
    request.node.user_properties.append(("seed", seed))
    writer = Writer(firmware, tmp_path / "disk.img", seed)
    yield writer
    writer.board.close()


@pytest.mark.soak
def test_killed_at_random_moments(writer, tmp_path, record_property):
    writer.start()
    for _ in range(5):
        writer.do(*writer.choose())
    interrupted = new = 0
    for n in range(_KILLS):
        for _ in range(writer.random.randrange(4)):
            writer.do(*writer.choose())
        interrupted += (was_interrupted := writer.kill())
        writer.board.start()
        was_new = writer.check()
        new += was_interrupted and was_new
        print("kill", n, was_interrupted, was_new)
    writer.board.stop()
    check_on_the_computer(writer, tmp_path)
    assert interrupted, "no kill came in the middle of an operation"
    record_property("kills", _KILLS)
    record_property("in the middle of an operation", interrupted)
    record_property("that was there all the same", new)


def test_what_was_written_outlives_resets_and_restarts(writer):
    writer.start()
    for again in range(3):
        for _ in range(6):
            writer.do(*writer.choose())
        writer.do("replace", "file5", 1000 + again, 5000)
        writer.do("put", "key5", 2000 + again, 500)
        if again == 0:
            writer.board.console.write(b"reset x 0 0\n")
        elif again == 1:
            writer.send(*(operation := writer.choose()))
            writer.board.console.until(b"begin %d\r\n" % operation[2], timeout=30)
            writer.board.reset()  # from outside, in the middle of an operation
        else:
            writer.board.stop()
            writer.board.start()
        writer.check()
