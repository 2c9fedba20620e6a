"""boards/native on board host and on the emulated board, and both without it."""

from pathlib import Path

import pytest
from coiltools import launch, runningboard

SCRIPTS = sorted(p.name for p in (Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("board", ["host", "mps2"])
def test_script(run_file, name, board):
    run_file(f"scripts/{name}", board)


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_small_heap(run_file, board, build):
    text = (Path(__file__).parent / "scripts" / "gc_stress.py").read_text()
    running = launch.board(build(board), heap=90 << 10)
    output = runningboard.run_script(running, text)
    assert output.endswith("passed\n"), output


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_stock_firmware_has_no_module(build, board):
    with launch.board(build(board, native=False)) as running:
        running.wait_for_prompt()
        text = running.exec("try:\n import _native\nexcept ImportError as e:\n print(e)")
        assert text == "no module named '_native'\n"


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_soft_reset_forgets_everything(build, board):
    with launch.board(build(board)) as running:
        running.wait_for_prompt()
        running.exec("import _native\n_native.trace_start(bytearray(120))\n_native.trace(1, 2)")
        runningboard.RunningBoard.soft_reset(running)
        assert running.exec("import _native\nprint(_native.trace_stop())") == "0\n"


def test_without_preemption_on_stock_firmware(run_file):
    """The host's interrupts work without the native module too."""
    run_file("host_scripts/interrupts.py", native=False)
