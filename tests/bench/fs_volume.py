"""The longest call of each kind on the board's own volume, 8 MB of littlefs: empty, half full, 90 % full.

In one folder 30 files are made, renamed, removed, while the rest of the volume is files of 64 KB.
"""

import os

FOLDER = "/flash/used"
FILES = 30
FILL_BYTES = 65536
piece = bytes(512)
large = bytes(4096)
buf = bytearray(512)
longest = {}


def timed(name, function, *arguments):
    gc.collect()
    start = time.ticks_cpu()
    result = function(*arguments)
    n = instructions(time.ticks_diff(time.ticks_cpu(), start))
    longest[name] = max(longest.get(name, 0), n)
    return result


def use():
    for n in range(FILES):
        file = timed("open", open, "%s/%d" % (FOLDER, n), "wb")  # noqa: UP031
        for _ in range(4):
            timed("write", file.write, piece)
        timed("flush", file.flush)
        timed("close", file.close)
    file = timed("open", open, FOLDER + "/large", "wb")
    for _ in range(200):
        timed("write", file.write, piece)
    timed("close", file.close)
    file = timed("open", open, FOLDER + "/large", "rb")
    while timed("read", file.readinto, buf):
        pass
    timed("seek", file.seek, 30000)
    timed("read", file.readinto, buf)
    timed("close", file.close)
    timed("rename", os.rename, FOLDER + "/1", FOLDER + "/2")
    timed("mkdir", os.mkdir, FOLDER + "/folder")
    timed("listdir", os.listdir, FOLDER)
    timed("stat", os.stat, FOLDER + "/large")
    timed("statvfs", os.statvfs, "/flash")
    for n in range(FILES):
        if n != 1:
            timed("remove", os.remove, "%s/%d" % (FOLDER, n))  # noqa: UP031
    timed("remove", os.remove, FOLDER + "/large")
    timed("rmdir", os.rmdir, FOLDER + "/folder")


def share():
    found = os.statvfs("/flash")
    return 1 - found[3] / found[2]


def fill(wanted):
    n = 0
    folder = "/flash/full%d" % (wanted * 100)  # noqa: UP031
    while share() < wanted:
        if n % 16 == 0:
            os.mkdir("%s_%d" % (folder, n // 16))  # noqa: UP031
        with open("%s_%d/%d" % (folder, n // 16, n), "wb") as file:  # noqa: UP031
            for _ in range(FILL_BYTES // len(large)):
                file.write(large)
        n += 1


os.mkdir(FOLDER)
for percent in (0, 50, 90):
    fill(percent / 100)
    full = round(share() * 100)
    for _ in range(4):
        use()
    worst = max(longest, key=lambda name: longest[name])
    report(
        "fs.flash_section_max_%d" % percent,  # noqa: UP031
        instructions=longest[worst],
        of=worst,
        percent=full,
        varies=True,  # as in fs_files
        **{name: n for name, n in longest.items() if name != worst},
    )
    longest.clear()
