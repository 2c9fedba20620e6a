"""TDBStore on memory: 1000 keys with values of 32 bytes; beside it a file a key, and a JSON file."""

import json
import os

import fs
from uctypes import addressof, bytearray_at

# PSRAM that nothing uses (boards/mps2/README.md), so that the garbage collector need not look at it.
STORE, FILES = 0x21C00000, 0x21D00000
SIZE = 512 * 1024
KEYS = 1000
FEW = 100  # of what gets slower with each key more
value = bytes(range(32))
text = "".join([chr(97 + n % 26) for n in range(32)])
keys = [f"key{n}" for n in range(KEYS)]


def medium(address):
    memory = bytearray_at(address, SIZE)
    return fs.RamBlockDevice(memory, program_size=8, erase_size=4096, erase_value=0xFF)


def without_holes():
    """Something to hold: while it is there, all free memory of the heap is behind what is used.

    MicroPython looks for room from the first hole on, however small, so among 1000 keys every allocation
    is a walk, as long as that program's heap is fragmented.
    """
    gc.collect()
    end = addressof(bytearray(64 * 1024))
    chain = ()
    while id(chain) < end:
        chain = (chain, None)  # the least that there is to allocate
    return chain


def cost(function, *arguments):
    """Instructions, fewer than 300 million: then the counter has gone round."""
    start = time.ticks_cpu()
    function(*arguments)
    return instructions(time.ticks_diff(time.ticks_cpu(), start))


def mount():
    kept = without_holes()  # noqa: F841
    return cost(fs.TDBStore, device)


def used():
    gc.collect()
    return gc.mem_alloc()


def set_all(kv, keys):
    for key in keys:
        kv.set(key, value)


def get_all(kv, keys):
    for key in keys:
        kv.get(key)


def miss_all(kv, keys):
    for _ in keys:
        kv.get("x")


def nothing(kv, keys):
    for _ in keys:
        pass


def each(name, function, kv, keys, rounds=1):
    """Report what function(kv, keys) takes for a key; fragmented: with the holes in the heap."""
    function(kv, keys)
    parts = [keys[at : at + 20] for at in range(0, len(keys), 20)]
    found = []
    for prepare in (without_holes, gc.collect):
        n = 0
        for _ in range(rounds):
            kept = None
            kept = prepare()
            for part in parts:
                n += cost(function, kv, part) - cost(nothing, kv, part)
        del kept
        found.append(n // rounds // len(keys))
    report(name, instructions=found[0], fragmented=found[1], keys=len(keys))


# ---- TDBStore

device = medium(STORE)
fs.TDBStore.mkfs(device)
kv = fs.TDBStore(device)
mounts = {}
done = 0
for count in (KEYS // 4, KEYS // 2, KEYS):
    set_all(kv, keys[done:count])
    done = count
    mounts[count] = mount()
report(
    "fs.tdb_mount",
    instructions=mounts[KEYS],
    keys=KEYS,
    **{f"of_{count}": n for count, n in mounts.items() if count != KEYS},
)
del kv
before = used()
kv = fs.TDBStore(device)
ram = used() - before
get_all(kv, keys)
kv.set(keys[0], value)
report("fs.tdb_ram", bytes=ram, after_use=used() - before, keys=KEYS)

each("fs.tdb_get", get_all, kv, keys)
each("fs.tdb_get_miss", miss_all, kv, keys)
# Three times through the log and more, so with as many collections.
each("fs.tdb_set", set_all, kv, keys, rounds=5)
assert len(kv) == KEYS and kv[keys[KEYS // 2]] == value
report("fs.tdb_mount_used", instructions=mount(), keys=KEYS)
kv.reset()
each("fs.tdb_set_of_100", set_all, kv, keys[:FEW], rounds=10)
each("fs.tdb_get_of_100", get_all, kv, keys[:FEW])

# ---- One file a key, on littlefs.

fs.mount(medium(FILES), "/b", format=True)


def write_files(_, keys):
    for key in keys:
        with open("/b/" + key, "wb") as file:
            file.write(value)


def read_files(_, keys):
    for key in keys:
        with open("/b/" + key, "rb") as file:
            file.read()


each("fs.file_a_key_set", write_files, None, keys[:FEW])
each("fs.file_a_key_get", read_files, None, keys[:FEW])
for key in keys[:FEW]:
    os.remove("/b/" + key)

# ---- A JSON file with all keys, in memory while the program runs, rewritten for each change.


def change_json(all, keys):
    for key in keys:
        all[key] = text
        with open("/b/all.json.new", "w") as file:
            json.dump(all, file)
        os.rename("/b/all.json.new", "/b/all.json")


def load_json():
    with open("/b/all.json") as file:
        return json.load(file)


for count in (FEW, KEYS):
    all = dict.fromkeys(keys[:count], text)
    each(f"fs.json_set_of_{count}", change_json, all, keys[:4])
    report(f"fs.json_load_of_{count}", instructions=cost(load_json), keys=count)
    assert load_json() == all
fs.umount("/b")
