"""mps2.irq() and callbacks in general: who owns a line, what is kept, what is freed."""

import pytest

_IMPORTS = "import gc, machine, micropython, mps2, time\nfrom machine import Timer\n"


@pytest.fixture
def run(board):
    board.exec(_IMPORTS)
    return board.exec


@pytest.mark.parametrize("line", [0, 8, 31])
def test_lines_of_the_board_are_refused(run, line):
    code = f"try:\n    mps2.irq({line}, print)\nexcept ValueError as error:\n    print(error)"
    assert "belongs to the console" in run(code)


@pytest.mark.parametrize("line", [-1, 32])
def test_lines_that_do_not_exist(run, line):
    for call in (f"mps2.irq({line}, print)", f"mps2.pend({line})"):
        code = f"try:\n    {call}\nexcept ValueError as error:\n    print(error)"
        assert run(code) == "lines are 0..31\n"


def test_a_uart_and_a_driver_do_not_share_a_line(run):
    code = """
uart = machine.UART(1)
for line in (2, 3):
    try:
        mps2.irq(line, print)
    except ValueError as error:
        print("belongs to" in str(error))
uart.deinit()
mps2.irq(2, print)
try:
    uart.init()
except ValueError as error:
    print(error)
mps2.irq(2)
uart.init()
print("on" if uart.any() == 0 else "?")
"""
    expected = "True\nTrue\ninterrupt line 2 is taken by mps2.irq()\non\n"
    assert run(code) == expected


def test_handler_replaced_while_its_call_waits(run):
    code = """
def old(line):
    print("old", line)
def new(line):
    print("new", line)
def callback(timer):
    mps2.irq(14, old)
    mps2.pend(14)
    mps2.irq(14, new)
    gc.collect()
    rubbish = [bytearray(b"\\x33" * 60) for _ in range(500)]
Timer(-1, mode=Timer.ONE_SHOT, period=1, callback=callback)
time.sleep_ms(20)
mps2.pend(14)
time.sleep_ms(20)
"""
    assert run(code) == "new 14\nnew 14\n"


def test_line_stays_closed_when_its_handler_wants_that(run):
    code = """
calls = 0
def handler(line):
    global calls
    calls += 1
    irq.trigger(0)
irq = mps2.irq(14, handler)
for _ in range(3):
    mps2.pend(14)
    time.sleep_ms(2)
print(calls, irq.trigger())
irq.trigger(1)
time.sleep_ms(2)
print(calls)
"""
    assert run(code) == "1 0\n2\n"


def test_hard_handler_that_raises_closes_the_line(run):
    code = """
def handler(line):
    [1] * 1000
irq = mps2.irq(14, handler, hard=True)
for _ in range(3):
    mps2.pend(14)
print(irq.trigger())
"""
    said = run(code)
    assert said.count("MemoryError") == 1
    assert said.endswith("0\n")


@pytest.mark.parametrize(
    "hard, callback", [(True, "callback"), (False, "callback"), (False, "None")]
)
def test_one_shot_timers_are_freed(run, hard, callback):
    code = f"""
def callback(timer):
    pass
def burst():
    for n in range(200):
        Timer(-1, mode=Timer.ONE_SHOT, period=1, callback={callback}, hard={hard})
    time.sleep_ms(30)
    gc.collect()
burst()
before = gc.mem_alloc()
burst()
burst()
print(gc.mem_alloc() - before < 500)
"""
    assert run(code) == "True\n"


def test_timer_set_again_in_its_hard_callback(run):
    code = """
calls = 0
def callback(timer):
    global calls
    calls += 1
    timer.init(mode=Timer.ONE_SHOT, period=1 + calls % 3, callback=callback, hard=True)
Timer(-1, mode=Timer.ONE_SHOT, period=1, callback=callback, hard=True)
while calls < 100:
    gc.collect()
print(calls >= 100)
"""
    assert run(code) == "True\n"


def test_sleep_in_a_hard_callback(run):
    code = """
took = []
def callback(timer):
    start = time.ticks_us()
    time.sleep_ms(2)
    took[0] = time.ticks_diff(time.ticks_us(), start)
took.append(0)
timer = Timer(-1, period=20, callback=callback, hard=True)
time.sleep_ms(200)
timer.deinit()
print(took[0] >= 2000)
"""
    assert run(code) == "True\n"


@pytest.mark.parametrize("hard", [True, False])
def test_program_goes_on_under_a_storm_of_interrupts(run, hard):
    code = f"""
timer = Timer(-1, freq=1_000_000, callback=lambda timer: None, hard={hard})
total = 0
for n in range(1000):
    total += n
timer.deinit()
print(total)
"""
    assert run(code) == "499500\n"


def test_what_a_finaliser_starts_ends_with_the_soft_reset(board):
    code = """
import machine, mps2
count = mps2.noinit()
def callback(timer):
    count[0] = (count[0] + 1) & 0xff
class Last:
    def __init__(self):
        self.timer = machine.Timer(-1)
    def __del__(self):
        self.timer.init(period=1, callback=callback, hard=True)
last = Last()
"""
    board.exec(code)
    board.soft_reset()
    code = (
        "import gc, mps2, time\nbefore = mps2.noinit()[0]\nfor _ in range(9):\n    gc.collect()\n"
    )
    code += "time.sleep_ms(20)\nprint(mps2.noinit()[0] - before)"
    assert board.exec(code) == "0\n"


@pytest.mark.parametrize("ms", [1, 50, 300])
def test_lightsleep_takes_its_time(run, ms):
    code = f"""
start = time.ticks_us()
machine.lightsleep({ms})
print(time.ticks_diff(time.ticks_us(), start) >= {ms * 1000})
"""
    assert run(code) == "True\n"


def test_lightsleep_under_icount(board_factory):
    board = board_factory(icount=5)
    code = "import machine, time\nstart = time.ticks_ms()\nmachine.lightsleep(200)\n"
    code += "print(time.ticks_diff(time.ticks_ms(), start))"
    assert board.exec(code) in ("200\n", "201\n")


def test_pin_ends_lightsleep(board):
    code = b"\x05import machine\nmachine.Pin('V0').irq(lambda pin: None)\n"
    board.console.write(
        code + b"print('asl' + 'eep')\nmachine.lightsleep()\nprint('awa' + 'ke')\n\x04"
    )
    board.console.until(b"asleep", timeout=10)
    board.pins.press(0)
    board.console.until(b"awake", timeout=10)
