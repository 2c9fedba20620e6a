"""The virtual clock: the same program has the same trace, on whatever it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from coiltools import firmware, launch, paths, runningboard

HERE = Path(__file__).parent
WHERE = ("cpython", "host-native", "host-stock", "mps2-native")

#: What MicroPython has and CPython has not.
PRELUDE = """
import gc, sys, traceback
gc.mem_alloc = gc.mem_free = lambda: 0
sys.print_exception = lambda error: traceback.print_exception(error, file=sys.stdout)
"""


def play(program: str, where: str) -> str:
    text = (HERE / "programs" / program).read_text()
    if where == "cpython":
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + text],
            env={
                **os.environ,
                "PYTHONPATH": f"{paths.ROOT / 'os'}{os.pathsep}{HERE.parents[1] / 'cpython'}",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return done.stdout
    board, kind = where.split("-")
    built = firmware.build(None, board, native=kind == "native")
    return runningboard.run_script(launch.board(built), text, timeout=60)


@pytest.mark.parametrize("where", WHERE)
def test_both_forms_of_the_kernel(where):
    assert play("port.py", where).endswith("passed\n")


def test_equal_traces_everywhere():
    traces = {where: play("trace.py", where) for where in WHERE}
    reference = traces.pop("host-native")
    assert reference.splitlines()[-1] == "36107509 main ended", reference[-500:]
    for where, trace in traces.items():
        assert trace == reference, where
