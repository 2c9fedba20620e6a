"""asyncio in the kernel: MicroPython's own tests of it, preemption at its branches, both directions."""

from pathlib import Path

import pytest
from coiltools import firmware as builder
from coiltools import launch, runningboard, source

SCRIPTS = Path(__file__).parents[1] / "unit" / "rtos" / "aio_scripts"
# Start with a kernel in the background, so that asyncio.run() joins it.
JOINED = "import asyncio, rtos\nrtos.start()\n"
# The old name of the package, which the firmware does not have: the program ends at once.
ABSENT = "asyncio_as_uasyncio.py"
# A Timer of board host allocates, so that time-outs under heap_lock() need the emulated board.
NEEDS_MPS2 = {"asyncio_heaplock.py"}


def upstream() -> list[str]:
    folder = source.ensure().path / "tests" / "extmod"
    return sorted(path.name for path in folder.glob("asyncio_*.py") if path.name != ABSENT)


def run(script: str, board: str, native: bool = True, timeout: float = 60) -> str:
    made = builder.build(None, board, native=native)
    return runningboard.run_script(launch.board(made), script, timeout)


def test_upstream_programs_are_there():
    assert len(upstream()) > 25


@pytest.mark.parametrize("name", upstream())
def test_upstream_program_prints_the_same_in_the_kernel(name):
    text = (source.ensure().path / "tests" / "extmod" / name).read_text()
    board = "mps2" if name in NEEDS_MPS2 else "host"
    plain = run(text, board)
    joined = run(JOINED + text, board)
    assert plain and joined == plain
    expected = source.ensure().path / "tests" / "extmod" / f"{name}.exp"
    if expected.exists():
        assert plain == expected.read_text()


@pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])
@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_script(script, native):
    output = run((SCRIPTS / script).read_text(), "host", native, timeout=120)
    assert output.endswith("passed\n"), output


@pytest.mark.parametrize("script", ["bridge.py", "rtos_in_tasks.py"])
def test_script_on_the_emulated_board(script):
    output = run((SCRIPTS / script).read_text(), "mps2", timeout=60)
    assert output.endswith("passed\n"), output
