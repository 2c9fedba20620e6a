"""mpremote while threads print in the background: it gets its own output, and they are heard later."""

import pytest

SETUP = """
import _native, machine
def drain():
    if _native.enter(1000):
        while (result := _native.nest(_native.run, 0)) == 1:
            _native.expire()
_native.configure(drain=_native.Drain(drain))
count = 0
async def chatter():
    global count
    while True:
        await _native.park()
        count += 1
        print('thread', count)
strand = _native.Strand(chatter(), 'chatter', 24)
_native.ready(strand)
def tick(_):
    _native.ready(strand)
timer = machine.Timer(period=2, callback=tick, hard=True)
"""


@pytest.mark.parametrize("board, program", [("mps2", "firmware"), ("host", "host_program")])
def test_threads_that_print_do_not_disturb_mpremote(coil_run, tmp_path, request, board, program):
    run = coil_run("--board", board, image=request.getfixturevalue(program))
    run.wait(">>> ")
    setup, source, back = tmp_path / "setup.py", tmp_path / "source.txt", tmp_path / "back.txt"
    setup.write_text(SETUP)
    source.write_text("a line\n" * 500)
    assert run.mpremote("resume", "run", str(setup)) == ""
    code = (
        "before = count\nfor n in range(5):\n print(n)\n time.sleep_ms(20)\nprint(count > before)"
    )
    assert run.mpremote("resume", "exec", "import time\n" + code).split() == [*"01234", "True"]
    run.mpremote("resume", "fs", "cp", str(source), ":source.txt")
    run.mpremote("resume", "fs", "cp", ":source.txt", str(back))
    assert back.read_text() == source.read_text()
    run.type("timer.deinit()\r")
    run.wait(">>> ")
    run.type(
        "kept = bytearray(1024); n = _native.output(kept); _native.output_lost() > 0, n, kept[:7]\r"
    )
    run.wait("(True, 1024, bytearray(b'thread '))")
