"""littlefs and FAT on a block device in Python, in memory: by fs.mount(), and by vfs alone; the longest call."""

import os

import fs
import vfs

BLOCKS, BLOCK = 64, 4096
KB = 64
piece = bytes(512)
buf = bytearray(512)


def medium(block=BLOCK):
    return fs.HeapBlockDevice(BLOCKS * BLOCK, program_size=16, erase_size=block, erase_value=0xFF)


def write(rounds):
    for _ in range(rounds):
        with open("/b/file", "wb") as file:
            for _ in range(2 * KB):
                file.write(piece)


def read(rounds):
    for _ in range(rounds):
        with open("/b/file", "rb") as file:
            while file.readinto(buf):
                pass


def both(name, kind):
    """Of 64 KB, written and read in pieces of 512 bytes."""
    measure("fs.%s_write_64k" % name, write, empty_loop, rounds=2, kind=kind)  # noqa: UP031
    measure("fs.%s_read_64k" % name, read, empty_loop, rounds=2, kind=kind)  # noqa: UP031
    os.remove("/b/file")
    vfs.umount("/b") if kind == "vfs" else fs.umount("/b")


fs.mount(medium(), "/b", format=True)
both("littlefs", "fs.mount")

# The same device, the same sizes: what fs.mount() adds. Then as vfs does it by itself.
device = medium()
sizes = {"readsize": 128, "progsize": 128, "lookahead": 8}
vfs.VfsLfs2.mkfs(device, **sizes)
vfs.mount(vfs.VfsLfs2(device, **sizes), "/b")
both("littlefs_vfs", "vfs")
device = medium()
vfs.VfsLfs2.mkfs(device)
vfs.mount(vfs.VfsLfs2(device), "/b")
both("littlefs_vfs_default", "vfs")

fs.mount(medium(), "/b", "fat", format=True)
both("fat", "fs.mount")

# ---- The longest section: no thread gets in while a call of a file system lasts.

longest = {}


def timed(name, function, *arguments, **options):
    gc.collect()
    start = time.ticks_cpu()
    result = function(*arguments, **options)
    n = instructions(time.ticks_diff(time.ticks_cpu(), start))
    longest[name] = max(longest.get(name, 0), n)
    return result


def fill():
    for n in range(30):
        file = timed("open", open, "/b/%d" % n, "wb")  # noqa: UP031
        for _ in range(4):
            timed("write", file.write, piece)
        timed("close", file.close)
    file = timed("open", open, "/b/large", "wb")
    for _ in range(100):
        timed("write", file.write, piece)
    timed("close", file.close)
    file = timed("open", open, "/b/large", "rb")
    while timed("read", file.readinto, buf):
        pass
    timed("seek", file.seek, 30000)
    timed("read", file.readinto, buf)
    timed("close", file.close)
    timed("rename", os.rename, "/b/1", "/b/2")
    timed("mkdir", os.mkdir, "/b/folder")
    timed("listdir", os.listdir, "/b")
    timed("stat", os.stat, "/b/large")
    timed("statvfs", os.statvfs, "/b")
    for n in range(30):
        if n != 1:
            timed("remove", os.remove, "/b/%d" % n)  # noqa: UP031
    timed("remove", os.remove, "/b/large")
    timed("rmdir", os.rmdir, "/b/folder")


for suffix, kind, block, options in (
    ("", "littlefs", BLOCK, {}),
    ("_block_cached", "littlefs", BLOCK, {"read_size": BLOCK // 4}),
    ("_small_blocks", "littlefs", 512, {"read_size": 128}),
    ("_fat", "fat", BLOCK, {}),
):
    device = medium(block)
    fs.mount(device, "/b", kind, format=True, **options)
    fill()
    fs.umount("/b")
    timed("mount", fs.mount, device, "/b", kind, **options)
    fill()
    fs.umount("/b")
    worst = max(longest, key=lambda name: longest[name])
    report(
        "fs.vfs_section_max" + suffix,
        instructions=longest[worst],
        of=worst,
        varies=True,  # by an instruction or two: each call is rounded by itself
        **{key: n for key, n in longest.items() if key != worst},
    )
    longest.clear()
