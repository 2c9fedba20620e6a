"""Files copied with mpremote while threads print: not a byte is lost or added, on either side."""

import os
import random

import pytest

#: A round takes a quarter of a minute.
ROUNDS = 200 if os.environ.get("COIL_SOAK") else 3
BYTES = 50_000
THREADS = """
import rtos
count = 0
async def chatter(n):
    global count
    while True:
        print("thread", n, "says", count)
        count += 1
        await rtos.sleep_ms(7 + n)
rtos.start()
for n in range(3):
    rtos.Thread(chatter, n, priority=rtos.LOW + 16 * n).start()
"""


@pytest.mark.soak
def test_copies_are_identical_and_what_was_said_comes_afterwards(
    coil_run, tmp_path, record_property
):
    run = coil_run()
    run.wait(">>> ")
    program, source, back = tmp_path / "threads.py", tmp_path / "source", tmp_path / "back"
    program.write_text(THREADS)
    run.mpremote("resume", "run", str(program))
    run.wait("thread 2 says")
    seed = random.randrange(1 << 32)
    print("seed", seed)
    record_property("seed", seed)
    record_property("copies", 2 * ROUNDS)
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        source.write_bytes(chance.randbytes(BYTES))
        run.mpremote("resume", "fs", "cp", str(source), ":copy", timeout=120)
        run.mpremote("resume", "fs", "cp", ":copy", str(back), timeout=120)
        assert back.read_bytes() == source.read_bytes()
        # The ring holds 1 KB of what the threads say meanwhile; the rest is counted.
        run.wait("bytes more, which had no room)")
        run.wait("thread 2 says")
