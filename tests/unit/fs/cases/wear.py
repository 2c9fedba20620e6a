# platforms: cpython host-native
"""How long a medium lasts of which each block can be erased so often: changes until the first is lost."""

from fs import ExhaustibleBlockDevice, FlashSimBlockDevice, HeapBlockDevice, RecordLog, TDBStore
from support import MICROPYTHON

CYCLES = 20
# littlefs moves its metadata after 100 erases, as MicroPython sets it: a medium that lasts less long
# than that is not its case.
CYCLES_OF_FILES = 250
BLOCK = 512


def medium(blocks, cycles=CYCLES, silent=False):
    heap = HeapBlockDevice(blocks * BLOCK, program_size=8, erase_size=BLOCK, erase_value=0xFF)
    return ExhaustibleBlockDevice(FlashSimBlockDevice(heap), cycles, silent)


def life(change, device):
    """How many times change(n) worked; prints how evenly the blocks were erased."""
    n = 0
    try:
        while True:
            change(n)
            n += 1
    except OSError as error:
        print(n, "changes,", error, "worn", device.worn(), "erases", list(device.wear))
        assert device.worn()
    return n


def store_life(blocks):
    device = medium(blocks)
    store = TDBStore(device, format=True)
    for n in range(3):
        store[f"stays{n}"] = b"constant" * 5

    def change(n):
        store[f"key{n & 1}"] = b"%032d" % n

    return life(change, device), device


def test_a_store_wears_all_blocks():
    lasted, device = store_life(16)
    # All blocks of both areas are within two erases of each other.
    assert max(device.wear) - min(device.wear) <= 2, device.wear
    assert lasted > 1000


def test_a_store_on_twice_the_blocks_lasts_more_than_twice_as_long():
    lives = [store_life(blocks)[0] for blocks in (8, 16, 32)]
    assert lives[1] > 2 * lives[0] and lives[2] > 2 * lives[1], lives


def log_life(blocks):
    device = medium(blocks)
    log = RecordLog(device, format=True)

    def change(n):
        log.append(b"%032d" % n)

    return life(change, device), device


def test_a_log_lasts_in_proportion():
    lives = [log_life(blocks)[0] for blocks in (8, 16, 32)]
    assert lives[1] >= 2 * lives[0] and lives[2] >= 2 * lives[1], lives


def files_life(blocks):
    """littlefs on a medium the worn blocks of which keep what is in them: it has to notice."""
    import vfs

    device = medium(blocks, CYCLES_OF_FILES, silent=True)
    vfs.VfsLfs2.mkfs(device)
    volume = vfs.VfsLfs2(device, mtime=False)  # so that it is the same every time

    def change(n):
        text = b"%08d" % n * 100
        with volume.open("/file", "wb") as file:
            file.write(text)
        if n % 10 == 0:
            with volume.open("/file", "rb") as file:
                assert file.read() == text

    return life(change, device), device


def test_littlefs_on_twice_the_blocks_lasts_more_than_twice_as_long():
    if MICROPYTHON:
        lives = [files_life(blocks)[0] for blocks in (12, 24)]
        assert lives[1] > 2 * lives[0], lives
