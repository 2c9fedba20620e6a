"""Threads behind a live prompt: it answers, Ctrl-C is its own, and what starves it can be ended."""

import pytest
from coiltools.rawrepl import BoardError

NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])
#: Three threads that are never done, and one that counts.
BUSY = """
import rtos, time
count = 0
async def busy():
    while True:
        for _ in range(50):
            pass
        await rtos.yield_()
async def counter():
    global count
    while True:
        count += 1
        await rtos.sleep_ms(5)
rtos.start()
for priority in (rtos.LOW, rtos.NORMAL, rtos.NORMAL + 7):
    rtos.Thread(busy, priority=priority).start()
rtos.Thread(counter, priority=rtos.HIGH).start()
"""


@pytest.fixture
def boot(board_factory, rtos_image):
    """boot(native, code): a board at its prompt that has run the code."""

    def start(native, code):
        board = board_factory(image=rtos_image(native))
        board.exec(code)
        return board

    return start


def enter(board, line):
    """Type a line; returns what is shown until the next prompt."""
    board.console.drain()
    board.console.write(line.encode() + b"\r")
    return board.wait_for_prompt()


def paste(board, code):
    """Type a program in paste mode and run it."""
    board.console.write(b"\x05")
    board.console.until(b"=== ", timeout=10)
    board.console.write(code.encode() + b"\x04")


def lives(board):
    """Whether the counting thread goes on."""
    before = int(enter(board, "print(count)").split("\n")[1])
    enter(board, "time.sleep_ms(200)")
    return int(enter(board, "print(count)").split("\n")[1]) > before


@NATIVE
def test_the_prompt_answers_while_threads_are_busy(boot, native):
    board = boot(native, BUSY)
    for n in range(5):
        assert enter(board, f"print({n} + 100)").split("\n")[1] == str(n + 100)
    assert lives(board)


@NATIVE
@pytest.mark.parametrize("program", ["while True: pass", "time.sleep(1000)"])
def test_ctrl_c_ends_the_program_at_the_prompt_and_no_thread(boot, native, program):
    board = boot(native, BUSY)
    for _ in range(3):
        paste(board, "print('go' + 'ing')\n" + program)
        board.console.until(b"going", timeout=10)
        board.console.write(b"\x03")
        assert "KeyboardInterrupt" in board.wait_for_prompt()
        assert "failed" not in enter(board, "print(len(rtos.threads()))")
    assert lives(board)
    assert enter(board, "len(rtos.threads())").split("\n")[1] == "4"


HOG = """
async def hog():
    starts.append(1)
    print("hog" + "ging")
    while True:
        pass
starts = []
thread = rtos.Thread(hog, name="hog", priority=rtos.ABOVE_NORMAL, on_failure=rtos.{policy}).start()
"""


def end_hog(board):
    """Press Ctrl-C again and again, as an impatient user does; returns what is shown."""
    board.console.until(b"hogging", timeout=10)
    for _ in range(20):
        board.console.write(b"\x03")
        try:
            return board.console.until(b"KeyboardInterrupt", timeout=1).decode()
        except BoardError:
            pass
    raise AssertionError("the thread runs on")


@pytest.mark.parametrize("policy", ["STOP", "RESTART"])
def test_ctrl_c_ends_a_thread_that_starves_the_prompt(boot, policy):
    board = boot(True, BUSY)
    paste(board, HOG.format(policy=policy))
    assert "<Thread 'hog'" in end_hog(board)
    if policy == "RESTART":
        end_hog(board)
        enter(board, "thread.terminate()")
    assert enter(board, "print(len(starts))").split("\n")[1] == (
        "2" if policy == "RESTART" else "1"
    )
    assert lives(board)


RUN = """
import rtos, time
log = []
async def other(name):
    try:
        while True:
            await rtos.sleep_ms(5)
    finally:
        log.append(name)
async def main():
    for name in "abc":
        rtos.Thread(other, name, priority=rtos.HIGH).start()
    print("run" + "ning")
    {end}
"""


@pytest.mark.parametrize(
    "end",
    [
        "while True: pass",
        "while True: await rtos.sleep_ms(1)",
        "await rtos.sleep_ms(1 << 29)",
        "await rtos.Semaphore().acquire()",
    ],
)
def test_ctrl_c_ends_run_and_the_threads_clean_up(boot, end):
    board = boot(True, RUN.format(end=end))
    for n in range(2):
        board.console.write(b"rtos.run(main)\r")
        board.console.until(b"running", timeout=10)
        board.console.drain()
        board.console.write(b"\x03")
        assert "KeyboardInterrupt" in board.wait_for_prompt()
        assert enter(board, "print(''.join(sorted(log)))").split("\n")[1] == "".join(
            name * (n + 1) for name in "abc"
        )
        assert enter(board, "rtos.threads()").split("\n")[1] == "[]"


@NATIVE
def test_ctrl_c_ends_run_on_any_firmware(boot, native):
    board = boot(native, RUN.format(end="await rtos.sleep_ms(1 << 29)"))
    for _ in range(2):
        board.console.write(b"rtos.run(main)\r")
        board.console.until(b"running", timeout=10)
        board.console.drain()
        board.console.write(b"\x03")
        assert "KeyboardInterrupt" in board.wait_for_prompt()
        assert enter(board, "rtos.threads()").split("\n")[1] == "[]"


@NATIVE
def test_soft_reset_with_live_threads(boot, native):
    board = boot(native, BUSY)
    for _ in range(3):
        board.soft_reset()
        board.exec(BUSY)
        assert lives(board)


AGAIN = """
async def value(n):
    await rtos.sleep_ms(1)
    return n
async def endless():
    try:
        while True:
            await rtos.sleep_ms(1)
    finally:
        ended.append(1)
ended = []
import rtos
for n in range(5):
    assert rtos.run(value, n) == n
    rtos.start()
    rtos.Thread(endless).start()
    assert rtos.wait(value(n + 10)) == n + 10
    rtos.stop()
    assert rtos.threads() == [] and len(ended) == n + 1
async def breaks():
    rtos.Thread(endless).start()
    await rtos.sleep_ms(1)
    raise ValueError("main")
try:
    rtos.run(breaks)
except ValueError as error:
    print("raised", error)
assert len(ended) == 6 and rtos.threads() == []
print("passed")
"""


@NATIVE
def test_run_start_and_stop_again_and_again(boot, native):
    assert boot(native, "").exec(AGAIN) == "raised main\npassed\n"
