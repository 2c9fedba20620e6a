"""Virtual pins driven from the host: `coil press` and its Python side."""

import pytest
from coiltools.report import Fail

_COUNT = """
from machine import Pin
edges = []
button = Pin("BUTTON1", Pin.IN)
button.irq(lambda pin: edges.append(pin()), Pin.IRQ_RISING | Pin.IRQ_FALLING)
"""


def test_press_is_two_edges(board):
    board.exec(_COUNT)
    board.pins.press(0, ms=20)
    assert board.exec("print(edges)") == "[1, 0]\n"


_COUNT_HARD = """
from machine import Pin
counts = bytearray(2)
def count(pin):
    counts[pin()] += 1
Pin("BUTTON1", Pin.IN).irq(count, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
"""


def test_no_edge_is_lost(board):
    board.exec(_COUNT_HARD)
    for _ in range(50):
        board.pins.press(0, ms=0)
    assert board.exec("print(list(counts))") == "[50, 50]\n"


def test_level_stays(board):
    board.exec("from machine import Pin\npin = Pin('V5', Pin.IN)")
    board.pins.set(5, 1)
    assert board.exec("print(pin())") == "1\n"
    board.pins.set(5, 0)
    assert board.exec("print(pin())") == "0\n"


def test_halted_board_is_reported(board):
    board.pause()
    with pytest.raises(Fail, match="did not notice pin V3"):
        board.pins.set(3, 1, timeout=0.2)
    board.resume()


def test_command(coil_run):
    run = coil_run()
    run.wait(">>> ")
    run.mpremote("exec", _COUNT)
    assert run.coil("press", "button1", "--ms", "10").returncode == 0
    assert run.coil("press", "V0", "--level", "1").returncode == 0
    assert run.mpremote("resume", "exec", "print(edges)").strip() == "[1, 0, 1]"


@pytest.mark.parametrize("name, close", [("BUTTON3", "BUTTON"), ("V16", "V")])
def test_unknown_pin_names_the_closest(coil_run, name, close):
    run = coil_run()
    run.wait(">>> ")
    said = run.coil("press", name)
    assert said.returncode == 1
    assert f"did you mean '{close}" in said.stderr


def test_no_board(tmp_path, coil_run):
    run = coil_run()
    run.wait(">>> ")
    run.leave()
    said = run.coil("press", "BUTTON1")
    assert said.returncode == 1
    assert "no board is running" in said.stderr and "make run" in said.stderr
