"""What becomes of threads that fail, on an emulated board."""

import re

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])
#: Stock firmware finds out what garbage there is by a walk through the heap.
SMALL = 128 * 1024


@NATIVE
@pytest.mark.parametrize("form", ["run", "start"])
def test_stop_and_restart(rtos_script, form, native):
    output = rtos_script("failures", native=native, icount=4, heap=SMALL, FORM=form)
    sections = dict(re.findall(r"^-- ([\w ]+).*\n((?:(?!-- ).*\n)*)", output, re.M))
    # The kernel's own frames are in the tracebacks of the twin in Python.
    said = {name: re.sub(r'  File "rtos/.*\n', "", text) for name, text in sections.items()}
    traceback = "Traceback (most recent call last):\n"
    assert said["stop"].startswith("<Thread 'stops' Normal ended> failed:\n" + traceback)
    assert "in deeper\n" in said["stop"] and "in breaks\nValueError: deep down\n" in said["stop"]
    assert said["joined"] == "join raised ValueError('deep down',)\n"
    assert "<Thread 'hungry'" in said["memory"] and "MemoryError" in said["memory"]
    assert "<Thread 'urgent' High" in said["on top"] and "KeyError: on top" in said["on top"]
    assert said["on top"].endswith("\n2000\n")  # what it failed on top of went on
    assert said["restart"].count("OSError: [Errno 5] EIO") == 4
    waits = eval(said["restart"].splitlines()[-1].split("]")[0] + "]")
    expected = [100, 200, 400, 800]
    assert all(
        at_least <= ms <= at_least + 40 for ms, at_least in zip(waits, expected, strict=True)
    )


RESET = """
import rtos
async def breaks():
    await rtos.sleep_ms(5)
    raise ValueError("for good")
rtos.Thread(breaks, name="vital", on_failure=rtos.RESET).start()
rtos.start()
"""


@NATIVE
def test_reset_leaves_a_record(rtos_image, native):
    with Emulator(rtos_image(native), flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        assert board.exec("import rtos; print(rtos.last_crash())") == "None\n"
        board.console.write(b"\x05")
        board.console.until(b"=== ", timeout=10)
        board.console.write(RESET.encode() + b"\x04")
        said = board.console.until(b"started by reset", timeout=10).decode()
        assert "<Thread 'vital'" in said and "ValueError: for good" in said
        board.wait_for_prompt()
        found = board.exec("import rtos; print(rtos.last_crash())")
        assert found == "('vital', 'ValueError: for good')\n"
