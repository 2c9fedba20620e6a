"""machine.WDT: a program that hangs is reset, one that feeds is not."""

import pytest
from coiltools.emulator import Emulator
from coiltools.runningboard import run_script

_CAUSE = "import machine\nprint(machine.reset_cause() == machine.WDT_RESET)"


@pytest.mark.parametrize(
    "hang",
    [
        "while True: pass",
        "machine.disable_irq()\nwhile True: pass",
        "import time\ntime.sleep(60)",
    ],
    ids=["busy", "interrupts off", "asleep"],
)
def test_hanging_program_is_reset(board, hang):
    board.console.write(b"\x05import machine\nwdt = machine.WDT(timeout=200)\n")
    board.console.write(hang.encode() + b"\n\x04")
    # The paste echo has no prompt, so this one is the prompt after the reset.
    board.wait_for_prompt()
    assert board.exec(_CAUSE) == "True\n"


def test_reset_stops_the_watchdog(board):
    board.console.write(b"import machine; wdt = machine.WDT(timeout=200); machine.reset()\r")
    board.wait_for_prompt()
    assert board.exec("import time\ntime.sleep_ms(600)\n" + _CAUSE) == "False\n"


def test_feeding_keeps_it_quiet(firmware):
    """In the emulator's own time: a busy host must not look like a program that hangs."""
    code = "import time\nfrom machine import WDT\nwdt = WDT(timeout=400)\n"
    code += "for _ in range(12):\n    time.sleep_ms(100)\n    wdt.feed()\nprint('fed')"
    assert run_script(Emulator(firmware, icount=5, epoch_s=0), code) == "fed\n"


def test_survives_soft_reset(board):
    board.exec("import machine\nwdt = machine.WDT(timeout=3000)")
    board.soft_reset()
    code = "import machine\ntry:\n    machine.WDT(timeout=9000)\nexcept ValueError as e:\n    print(e)"
    assert board.exec(code) == "WDT runs with timeout=3000, which cannot be changed\n"
    board.wait_for_prompt()  # the one after the reset
    assert board.exec(_CAUSE) == "True\n"


def test_same_timeout_is_the_same_watchdog(board):
    code = "from machine import WDT\nprint(WDT(timeout=60000) is WDT(0, 60000))"
    assert board.exec(code) == "True\n"


@pytest.mark.parametrize(
    "call, message",
    [
        ("WDT(1)", "WDT(1) doesn't exist, use WDT(0)"),
        ("WDT(timeout=0)", "WDT timeout must be 1 to 171798 ms"),
        ("WDT(timeout=-5)", "WDT timeout must be 1 to 171798 ms"),
        ("WDT(timeout=171799)", "WDT timeout must be 1 to 171798 ms"),
    ],
)
def test_wrong_arguments(board, call, message):
    code = f"from machine import WDT\ntry:\n    {call}\nexcept ValueError as e:\n    print(e)"
    assert board.exec(code) == message + "\n"
