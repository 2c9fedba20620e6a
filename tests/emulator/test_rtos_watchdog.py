"""rtos.ThreadWatchdog: whoever hangs is named after the reset, on the emulated board."""

import pytest
from coiltools import firmware as builder

_LAST = "import rtos\nprint(rtos.last_crash())"

# A healthy thread, one that fails after a while, and the hardware behind the watchdog.
_PROGRAM = """
import machine
import rtos


async def healthy(wdt):
    wdt.watch()
    while True:
        wdt.check_in()
        await rtos.sleep_ms(20)


async def failing(wdt):
    wdt.watch()
    for _ in range(20):
        wdt.check_in()
        await rtos.sleep_ms(10)
    print("failing now")
    wdt.check_in()
    {failure}


def begin():
    wdt = rtos.ThreadWatchdog(200, hardware=machine.WDT(timeout=1000), {options})
    rtos.Thread(healthy, wdt, name="good", priority={healthy}).start()
    return rtos.Thread(failing, wdt, name="bad").start()


async def main():
    await begin().join()


{run}
"""

_WAITS = "await rtos.Semaphore().acquire()"
_LOOPS = "while True: pass"
_INTERRUPTS_OFF = "machine.disable_irq()\n    while True: pass"
_LOCKED = "rtos.lock()\n    while True: pass"


@pytest.fixture(params=["native", "stock"])
def any_board(request, board_factory):
    """A board, with boards/native and without."""
    if request.param == "native":
        return board_factory()
    return board_factory(image=builder.build(None, "mps2", native=False).image)


def run(board, failure, form="rtos.run(main)", options="", healthy="rtos.HIGH"):
    """Run the program until the board has been reset; returns what last_crash() says then."""
    text = _PROGRAM.format(failure=failure, run=form, options=options, healthy=healthy)
    board.console.write(b"\x05" + text.encode() + b"\x04")
    board.wait_for_prompt()  # the paste has none: this is the one after the reset
    if form == "rtos.start(); begin()":
        board.wait_for_prompt()
    name, reason = eval(board.exec(_LAST))
    return name, reason


@pytest.mark.parametrize("form", ["rtos.run(main)", "rtos.start(); begin()"])
def test_a_thread_that_waits_for_ever(any_board, form):
    name, reason = run(any_board, _WAITS, form)
    assert name == "bad"
    assert reason.startswith("did not check in for ")
    assert reason.endswith("waiting semaphore")


def test_an_endless_loop(any_board):
    name, reason = run(any_board, _LOOPS)
    assert (name, reason) == ("bad", "kept the processor, and did not check in")


def test_an_endless_loop_that_starves_another(any_board):
    name, reason = run(any_board, _LOOPS, healthy="rtos.LOW")
    assert name == "bad"
    assert reason.startswith("kept the processor")


def test_an_endless_loop_in_the_background(board_factory):
    name, reason = run(board_factory(), _LOOPS, "rtos.start(); begin()")
    assert (name, reason) == ("bad", "kept the processor, and did not check in")


def test_an_endless_loop_in_the_background_of_stock_firmware(board_factory):
    """Nothing preempts it there but the handler of the timer."""
    board = board_factory(image=builder.build(None, "mps2", native=False).image)
    name, reason = run(board, _LOOPS, "rtos.start(); begin()", "timer=machine.Timer(-1)")
    assert (name, reason) == ("bad", "kept the processor")


@pytest.mark.parametrize("failure", [_INTERRUPTS_OFF, _LOCKED], ids=["interrupts off", "locked"])
def test_what_nobody_can_observe(any_board, failure):
    name, reason = run(any_board, failure)
    assert name == "bad"
    assert reason.startswith("was the last to check in")


def test_a_handler_observes_what_threads_cannot(any_board):
    name, reason = run(any_board, _LOCKED, options="timer=machine.Timer(-1)")
    assert (name, reason) == ("bad", "kept the processor")


def test_stop_leaves_the_reset_to_the_hardware(board):
    name, reason = run(board, _WAITS, options="on_failure=rtos.STOP")
    assert name == "bad"
    assert (
        board.exec("import machine\nprint(machine.reset_cause() == machine.WDT_RESET)") == "True\n"
    )


def test_threads_on_time_are_left_alone(any_board):
    code = _PROGRAM.format(failure="wdt.unwatch()", run="", options="", healthy="rtos.LOW")
    code += "async def main():\n    await begin().join()\n    await rtos.sleep_ms(1500)\n"
    code += "    print(rtos.threads()[0].name)\n"
    code += "    print('alive')\n    machine.reset()\nrtos.run(main)\n"
    any_board.console.write(b"\x05" + code.encode() + b"\x04")
    shown = any_board.console.until(b"alive\r\n", timeout=30)
    assert b"failing now" in shown
    any_board.wait_for_prompt()
    assert any_board.exec(_LAST) == "None\n"
