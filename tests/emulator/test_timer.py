"""machine.Timer: exact periods under icount, soft and hard, nothing leaked, nothing after stop."""

import json

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator
from coiltools.runningboard import run_script


@pytest.fixture(scope="module")
def board(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec("import gc, machine, micropython, time\nfrom machine import Timer")
        yield board


def deterministic(firmware, code):
    return run_script(Emulator(firmware, icount=5, epoch_s=0), code)


@pytest.mark.parametrize("freq, hard", [(10_000, True), (1_000, True), (1_000, False)])
def test_every_period_is_counted(firmware, freq, hard):
    code = f"""
import machine, time
count = 0
def callback(timer):
    global count
    count += 1
timer = machine.Timer(-1, freq={freq}, callback=callback, hard={hard})
start = time.ticks_us()
while count < {freq} // 2:
    pass
timer.deinit()
took_ms = time.ticks_diff(time.ticks_us(), start) // 1000
print(took_ms, "missed=0" in repr(timer))
"""
    assert deterministic(firmware, code) in ("499 True\n", "500 True\n")


def test_periods_do_not_drift(firmware):
    code = """
import json, machine, time
stamps = []
def callback(timer):
    stamps.append(time.ticks_us())
timer = machine.Timer(-1, period=5, callback=callback)
while len(stamps) < 200:
    pass
timer.deinit()
print(json.dumps([b - a for a, b in zip(stamps, stamps[1:])]))
"""
    gaps = json.loads(deterministic(firmware, code))
    assert abs(sum(gaps) - 199 * 5000) < 100
    assert all(4900 < gap < 5100 for gap in gaps)


def test_one_shot_timers_run_once_and_are_freed(board):
    code = """
count = 0
def callback(timer):
    global count
    count += 1
def burst():
    for n in range(100):
        Timer(-1, mode=Timer.ONE_SHOT, period=1 + n % 7, callback=callback)
burst()
time.sleep_ms(50)
gc.collect()
before = gc.mem_alloc()
for _ in range(5):
    burst()
    time.sleep_ms(50)
gc.collect()
print(count, gc.mem_alloc() - before < 200)
"""
    assert board.exec(code) == "600 True\n"


def test_an_abandoned_periodic_timer_goes_on(board):
    code = """
ticks = 0
def callback(timer):
    global ticks
    ticks += 1
Timer(-1, period=5, callback=callback)
gc.collect()
while ticks < 10:
    time.sleep_ms(5)
print(ticks >= 10)
"""
    assert board.exec(code) == "True\n"


def test_stop_inside_the_callback(board):
    code = """
calls = 0
def callback(timer):
    global calls
    calls += 1
    timer.deinit()
for hard in (False, True):
    Timer(-1, period=1, callback=callback, hard=hard)
time.sleep_ms(50)
print(calls)
"""
    assert board.exec(code) == "2\n"


def test_hard_callback_that_raises_is_reported_and_stopped(board):
    code = """
def callback(timer):
    raise ValueError("stop me")
timer = Timer(-1, period=1, callback=callback, hard=True)
time.sleep_ms(30)
print("stopped" in repr(timer))
"""
    said = board.exec(code)
    assert said.count("ValueError: stop me") == 1
    assert said.endswith("True\n")


def test_hard_callback_runs_inside_machine_code_and_long_c_calls(firmware):
    code = """
import machine, micropython, time
count = 0
def callback(timer):
    global count
    count += 1
@micropython.viper
def spin(n: int):
    while n:
        n -= 1
timer = machine.Timer(-1, freq=1000, callback=callback, hard=True)
spin(1_000_000)
viper = count
sum(range(20_000))
timer.deinit()
print(viper > 20, count > viper)
"""
    assert deterministic(firmware, code) == "True True\n"


def test_soft_callback_that_raises_goes_on(board):
    code = """
rounds = 0
def callback(timer):
    global rounds
    rounds += 1
    raise ValueError("again")
timer = Timer(-1, period=2, callback=callback)
while rounds < 4:
    time.sleep_ms(1)
timer.deinit()
print(rounds >= 4)
"""
    said = board.exec(code)
    assert "ValueError: again" in said
    assert said.endswith("True\n")


@pytest.mark.parametrize(
    "arguments",
    [
        "0, period=1",
        "-1, period=0",
        "-1, period=-5",
        "-1, freq=0",
        "-1, freq=-1",
        "-1, mode=7, period=1",
        "-1, period=1, callback=5",
        "-1, freq=5_000_000",
    ],
)
def test_misuse_is_a_value_error(board, arguments):
    code = f"try:\n    Timer({arguments})\nexcept ValueError as e:\n    print('refused:', e)"
    assert board.exec(code).startswith("refused: ")


def test_soft_reset_stops_every_timer(board):
    code = """
import mps2
count = mps2.noinit()
def callback(timer):
    count[0] = (count[0] + 1) & 0xff
for hard in (False, True):
    Timer(-1, period=1, callback=callback, hard=hard)
before = count[0]
time.sleep_ms(20)
print(count[0] != before)
"""
    assert board.exec(code) == "True\n"
    board.soft_reset()
    code = """
import mps2, time
before = mps2.noinit()[0]
time.sleep_ms(50)
print(mps2.noinit()[0] - before)
"""
    assert board.exec(code) == "0\n"
