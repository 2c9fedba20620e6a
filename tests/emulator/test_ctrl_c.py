"""Ctrl-C reaches the program, whatever stands between: callbacks, input that nobody reads."""

import threading
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_TYPED = "\x05import machine, micropython, time\n{}\nprint('going')\n{}\n\x04"
_STUCK = """def callback(timer):
    print('inside')
    {}
timer = machine.Timer(-1, period=100, callback=callback)"""


def start(board, before, program):
    """Type a program into the paste mode of the prompt and wait until it runs."""
    board.console.write(_TYPED.format(before, program).encode())
    board.console.until(b"going\r\n", timeout=10)


def interrupt(board, presses=1):
    """Press Ctrl-C, then wait for the prompt."""
    for _ in range(presses):
        time.sleep(0.8)  # longer than a callback may take
        board.console.write(b"\x03")
    return board.wait_for_prompt()


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "time.sleep(1000)",
        "time.sleep_us(1_000_000_000)",
        "machine.lightsleep()",
        "input()",
        "import sys\nsys.stdin.buffer.read(5)",
        "import select\nselect.poll().poll()",
        "import asyncio\nasyncio.run(asyncio.wait_for(asyncio.Event().wait(), 1000))",
        "machine.UART(1, timeout=1000_000).read(1)",
    ],
)
def test_ends_a_program(board, program):
    start(board, "", program)
    time.sleep(0.2)
    board.console.write(b"\x03")
    assert "KeyboardInterrupt" in board.wait_for_prompt()


@pytest.mark.parametrize("program", ["while True: pass", "time.sleep(1000)"])
@pytest.mark.parametrize("hang, presses", [("while True: pass", 2), ("time.sleep(1000)", 1)])
def test_ends_a_callback_that_does_not_end_and_the_program(board, hang, presses, program):
    start(board, _STUCK.format(hang), program)
    said = interrupt(board, presses)
    assert "A callback was ended by Ctrl-C" in said
    assert "KeyboardInterrupt" in said
    assert "stopped" in board.exec("print(timer)")


@pytest.mark.parametrize("hang", ["while True: pass", "time.sleep(1000)"])
def test_ends_a_callback_that_keeps_the_prompt_waiting(board, hang):
    board.console.write(_TYPED.format(_STUCK.format(hang), "").encode())
    board.console.until(b"inside\r\n", timeout=10)
    assert "A callback was ended by Ctrl-C" in interrupt(board)
    assert board.exec("print('alive')") == "alive\n"


def test_scheduled_function_that_does_not_end(board):
    start(
        board, "def hang(_):\n    while True: pass\nmicropython.schedule(hang, 0)", "time.sleep(9)"
    )
    assert "KeyboardInterrupt" in interrupt(board, presses=2)


def test_a_short_callback_is_not_ended(board):
    """What a program that connects does: it sends Ctrl-C twice, whatever runs."""
    code = "def callback(timer):\n    global calls\n    calls += 1\n    time.sleep_ms(20)\n"
    code += "calls = 0\ntimer = machine.Timer(-1, period=25, callback=callback)"
    start(board, code, "while True: pass")
    time.sleep(0.2)
    board.console.write(b"\x03\x03")
    assert "KeyboardInterrupt" in board.wait_for_prompt()
    code = "import time\nbefore = calls\ntime.sleep_ms(200)\nprint('armed' in repr(timer), calls > before)"
    assert board.exec(code) == "True True\n"


@pytest.mark.parametrize("wait", ["while True: pass", "time.sleep(1000)"])
def test_behind_a_flood_that_began_at_the_prompt(board, wait):
    code = f"import time\r{wait}\r\r".encode()
    board.console.write(code + b"x" * 30_000 + b"\x03")
    board.console.until(b"KeyboardInterrupt", timeout=10)


def test_long_paste_arrives_whole(board):
    lines = 1500
    pasted = b"".join(b"print(%d)\r" % n for n in range(lines)) + b"print('E' + 'ND')\r"
    typist = threading.Thread(target=board.console.write, args=(pasted, 30))
    typist.start()
    shown = board.console.until(b"\nEND\r\n", timeout=60).decode()
    typist.join()
    assert [n for n in range(lines) if f"\n{n}\r\n" not in shown] == []


def test_can_be_switched_off(board):
    start(board, "import sys\nmicropython.kbd_intr(-1)", "print(sys.stdin.buffer.read(3))")
    board.console.write(b"a\x03b")
    assert "b'a\\x03b'" in board.wait_for_prompt()


_DRIVERS = """import rtos
from drivers import I2C, SPI, CriticalSection
from drivers.chips.spichip import SpiChip
spi = SPI(ssel='V10')
i2c = I2C()
view = i2c.device(0x48, freq=400_000)
chip = SpiChip(spi.device(None), lambda level: None)
section = CriticalSection()
four, two = bytearray(4), bytearray(2)
async def nothing():
    pass
def again():
    rtos.run(nothing)  # raises while the kernel is locked
    spi.write(four)
    return i2c.scan()
"""


_STEPS = (
    "spi.readinto(four)",
    "spi.write_readinto(two, four)",
    "i2c.readfrom_mem_into(0x48, 0, two); view.readfrom_mem_into(0x48, 0, two)",
    "section.__enter__(); section.__exit__(None, None, None)",
    "chip._transfer(four, None, four)",
)


def test_in_the_middle_of_a_driver_leaves_it_usable(firmware):
    """Most of the time is spent in the transfer, so that Ctrl-C finds its end time and again."""
    with Emulator(firmware, flags=hostpage.NO_APP, i2c=["tmp105@0x48"]) as board:
        board.wait_for_prompt()
        board.exec(_DRIVERS)
        for step in _STEPS:
            for n in range(8):
                start(board, "", f"while True:\n    {step}")
                time.sleep(0.02 + 0.007 * n)
                board.console.write(b"\x03")
                assert "KeyboardInterrupt" in board.wait_for_prompt()
                assert board.exec("print(again())") == "[72]\n", step
