"""Pins of the emulated board: LEDs as the host reads them, virtual buttons as it presses them."""

import re

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

#: Registers of LEDs in QEMU: FPGAIO has two, SCC eight (mps2-fpgaio.c, mps2-scc.c).
FPGAIO_LED = 0x40028000
SCC_LED = 0x4002F004

IMPORTS = """
import rtos
from drivers import BusIn, BusOut, DigitalIn, DigitalInOut, DigitalOut, InterruptIn
from drivers import PortIn, PortInOut, PortOut
from machine import Pin
def say(call, *args):
    try:
        print("no error:", call(*args))
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def board(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        yield board


@pytest.fixture
def run(board):
    """Run code on a board whose pins are all free; they are given back afterwards."""
    board.exec(IMPORTS)
    yield board.exec
    for pin in range(16):
        board.pins.set(pin, 0)
    board.exec("import drivers.pins\nfor d in set(drivers.pins._owners.values()): d.deinit()")


def leds(board) -> list[int]:
    """The levels of LED1 to LED10 as the host finds them in QEMU's registers."""
    found = []
    with board.qmp() as monitor:
        for address, count in ((FPGAIO_LED, 2), (SCC_LED, 8)):
            text = monitor.hmp(f"xp /1wx {address:#x}")
            word = int(re.search(r": (0x[0-9a-f]+)", text)[1], 16)
            found += [word >> n & 1 for n in range(count)]
    return found


def test_leds_shine_in_qemu(board, run):
    run("leds = [DigitalOut('LED%d' % n) for n in range(1, 11)]")
    assert leds(board) == [0] * 10
    for n in range(10):
        run(f"leds[{n}](1)")
        assert leds(board) == [int(m == n) for m in range(10)]
        run(f"leds[{n}].off()")
    run("for led in leds[::3]: led.toggle()")
    assert leds(board) == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]
    assert run("print([led() for led in leds])") == "[1, 0, 0, 1, 0, 0, 1, 0, 0, 1]\n"
    run("for led in leds: led.deinit()")
    assert leds(board) == [0] * 10


def test_a_soft_reset_switches_everything_off(board, run):
    run("kept = [DigitalOut(name, value=1) for name in ('LED1', 'LED2', 'LED3', 'LED10', 'D4')]")
    assert sum(leds(board)) == 4 and board.page.pins_out
    board.soft_reset()
    assert sum(leds(board)) == 0 and not board.page.pins_out and not board.page.pins_dir


def test_virtual_pins_both_ways(board, run):
    run("pins = [DigitalIn('D%d' % n) for n in range(8)]")
    for n in (0, 3, 7):
        board.pins.set(n, 1)
    assert run("print([pin() for pin in pins])") == "[1, 0, 0, 1, 0, 0, 0, 1]\n"
    run("outs = [DigitalOut('D%d' % n, value=n & 1) for n in range(8, 16)]")
    assert board.page.pins_out >> 8 == 0b10101010
    assert board.page.pins_dir >> 8 == 0xFF
    run("for out in outs: out.deinit()")
    assert board.page.pins_dir == 0


def test_button_calls_and_wakes(board, run):
    run(
        "calls = []\n"
        "button = InterruptIn('BUTTON1')\n"
        "button.rise(lambda pin: calls.append('pressed'))\n"
        "button.fall(lambda pin: calls.append('released'), hard=False)\n"
    )
    board.pins.press(0, ms=5)
    assert run("print(calls, button.missed)") == "['pressed', 'released'] 0\n"


def test_no_edge_is_lost_by_a_hard_callback(board, run):
    run(
        "counts = bytearray(2)\n"
        "def count(pin):\n    counts[pin()] += 1\n"
        "button = InterruptIn('BUTTON1')\n"
        "button.rise(count, hard=True)\n"
        "button.fall(count, hard=True)\n"
    )
    for _ in range(50):
        board.pins.press(0, ms=0)
    assert run("print(list(counts))") == "[50, 50]\n"


def test_a_thread_waits_at_a_live_prompt(board, run):
    run(
        "button = InterruptIn('BUTTON2')\n"
        "seen = []\n"
        "async def watch():\n"
        "    while True:\n"
        "        await button.wait_for_rising()\n"
        "        seen.append(rtos.this_thread().name)\n"
        "rtos.start()\n"
        "thread = rtos.Thread(watch, name='watch').start()\n"
        "import time\n"
    )
    for n in range(3):
        run("while not thread.state().startswith('waiting'): time.sleep_ms(1)")
        board.pins.press(1, ms=2)
        assert run(f"while len(seen) <= {n}: time.sleep_ms(1)\nprint(len(seen))") == f"{n + 1}\n"
    run("thread.terminate()")
    assert "ETIMEDOUT" in run("say(rtos.wait, button.wait_for_rising(20))")
    board.pins.press(1, ms=2)
    assert run("print(rtos.wait(button.wait_for_falling()))") == "2\n"
    run("rtos.stop()")


def test_errors(run):
    said = run(
        "say(DigitalOut, 'LDE1')\n"
        "say(DigitalOut, 'D99')\n"
        "led = DigitalOut('LED1')\n"
        "say(DigitalIn, 'LED1')\n"
        "led.deinit()\n"
        "say(led, 1)\n"
        "say(DigitalIn, 'LED1')\n"
        "say(DigitalIn, 'UART_TX')\n"
        "say(InterruptIn, 'I2C_SCL')\n"
    ).splitlines()
    expected = [
        "ValueError no pin 'LDE1' on mps2: did you mean LED1",
        "ValueError no pin 'D99' on mps2: did you mean D9",
        "OSError (16, \"pin LED1 is in use by <DigitalOut 'LED1' 0>\")",
        "OSError [Errno 19] ENODEV: DigitalOut 'LED1' has been deinitialised: make a new one",
        "ValueError an LED is an output: use Pin.OUT",
        "OSError [Errno 95] EOPNOTSUPP: mps2 has no digital input or output on UART1_TX",
        "ValueError this pin has no interrupt: use BUTTON1, BUTTON2 or V0..V15",
    ]
    assert len(said) == len(expected), said
    for line, begin in zip(said, expected, strict=True):
        assert line.startswith(begin), line


def test_use_in_an_interrupt_handler_where_it_is_not_allowed(board, run):
    run(
        "said = []\n"
        "other = InterruptIn('V3')\n"
        "results = [None] * 3\n"
        "def try_all(pin):\n"
        "    try:\n        other.rise(print)\n"
        "    except RuntimeError:\n        results[0] = 'RuntimeError'\n"
        "    try:\n        DigitalIn('V9')\n"
        "    except MemoryError:\n        results[1] = 'MemoryError'\n"
        "    results[2] = led.value()\n"
        "led = DigitalOut('LED1', value=1)\n"
        "button = InterruptIn('BUTTON1')\n"
        "button.rise(try_all, hard=True)\n"
    )
    board.pins.press(0, ms=1)
    assert run("print(results)") == "['RuntimeError', 'MemoryError', 1]\n"
    # Nothing of it is left behind.
    assert run("with DigitalIn('V9') as pin: print(pin())") == "0\n"


def test_python_drivers_take_our_pins(run):
    code = (
        "from machine import Signal\n"
        "lamp = DigitalInOut('D6')\n"
        "inverted = Signal(lamp.pin, invert=True)\n"
        "lamp.init(lamp.OUT, value=0)\n"
        "print(inverted.value())\n"
    )
    assert run(code) == "1\n"


def test_ports_and_buses_reach_the_registers(board, run):
    run("port = PortOut('LED', mask=0x3C7)\nport(0x3FF)")
    assert leds(board) == [1, 1, 1, 0, 0, 0, 1, 1, 1, 1]
    run("port(0x155)")
    assert leds(board) == [1, 0, 1, 0, 0, 0, 1, 0, 1, 0]
    run("bus = BusOut('LED4', 'LED5', 'LED6')\nbus(6)")
    assert leds(board) == [1, 0, 1, 0, 1, 1, 1, 0, 1, 0]
    run("virtual = PortInOut('V', mask=0xFF00, output=True, value=0xA5FF)")
    assert board.page.pins_out == 0xA500 and board.page.pins_dir == 0xFF00
    board.pins.set(8, 1)
    assert run("virtual.direction(False)\nprint(virtual())") == "256\n"
    assert "in use by <PortInOut 'V'" in run("say(BusIn, 'D9', 'D8')")
    run("virtual.deinit()\npins = BusIn('D9', 'D8')")
    assert run("print(pins())") == "2\n"


def test_a_port_keeps_what_an_interrupt_changes(run):
    """A hard callback sets other bits of the same register while the program writes its own."""
    code = (
        "from drivers import Ticker\n"
        "low = PortOut('V', mask=0x00FF)\n"
        "high = PortOut('V', mask=0xFF00)\n"
        "n = wrong = 0\n"
        "def call(ticker):\n"
        "    global n\n"
        "    n = n + 0x100 & 0xFF00\n"
        "    high(n)\n"
        "with Ticker() as ticker:\n"
        "    ticker.attach(call, 150, hard=True)\n"
        "    for k in range(20_000):\n"
        "        low(k & 0xFF)\n"
        "        wrong += low() != k & 0xFF\n"
        "print(wrong, high() == n, ticker.remaining_us())\n"
    )
    assert run(code) == "0 True None\n"
