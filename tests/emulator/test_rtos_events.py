"""Event queues that hard interrupt handlers post to."""

import pytest
from coiltools import firmware as builder
from coiltools.emulator import Emulator
from coiltools.runningboard import run_script

FORMS = ["run", "start"]
#: A collection of 4 MB takes longer than 256 places can hold what arrives meanwhile.
_HEAP = 192 << 10
NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])


@pytest.fixture(scope="session")
def run_on_board():
    """Run a script on a fresh board that executes an instruction each 2**icount ns."""

    def run(text, native=True, icount=6):
        image = builder.build(None, "mps2", native=native).image
        board = Emulator(image, icount=icount, epoch_s=0, heap=_HEAP)
        return run_script(board, text, timeout=120)

    return run


_STORM = r'''
import machine, micropython, rtos

COUNT = 10_000
posted = [0, 0]
made = [0, 0]
wrong = 0
queue = rtos.EventQueue(256)

def made_by(source):
    def handler(number):
        global wrong
        if number != made[source]:
            wrong += 1
        made[source] += 1
    return handler

def posts(source):
    handler = made_by(source)
    def isr(timer):
        number = posted[source]
        if number < COUNT and queue.call(handler, number):
            posted[source] = number + 1
    return isr

def nothing(_):
    pass

FILL = """
def fill(schedule=micropython.schedule):
    # MicroPython's own queue, without a branch at which it is emptied.
    try:
%s
    except RuntimeError:
        return True
""" % ("        schedule(nothing, None)\n" * 20)
exec(FILL)

def busy():
    total = 0
    while made[0] + made[1] < 2 * COUNT:
        assert fill()
        for n in range(10):
            total += n

def begin():
    rtos.Thread(queue.dispatch_forever, priority=rtos.HIGH).start()
    return [machine.Timer(-1, freq=10_000, callback=posts(n), hard=True) for n in (0, 1)]

async def main():
    timers = begin()
    busy()
    for timer in timers:
        timer.deinit()

if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    timers = begin()
    busy()
    for timer in timers:
        timer.deinit()
    rtos.stop()
print(made, wrong, queue.dropped)
'''


@NATIVE
@pytest.mark.parametrize("form", FORMS)
def test_two_sources_of_10_khz(run_on_board, form, native):
    """At 1000 million instructions a second: 20,000 handlers in Python are too much for 25 MHz."""
    output = run_on_board(f"FORM = {form!r}\n" + _STORM, native, icount=0)
    assert output == "[10000, 10000] 0 0\n"


_OVERLOAD = """
import machine, rtos

posted = refused = made = wrong = last = 0
queue = rtos.EventQueue(16)

def handler(number):
    global made, wrong, last
    if number <= last:
        wrong += 1
    last = number
    made += 1
    for _ in range(100):
        pass

def isr(timer):
    global posted, refused
    if posted == 2000:
        return
    if queue.call(handler, posted + refused + 1):
        posted += 1
    else:
        refused += 1

async def main():
    rtos.Thread(queue.dispatch_forever, priority=rtos.HIGH).start()
    timer = machine.Timer(-1, freq=2_000, callback=isr, hard=True)
    while made < 2000:
        pass
    timer.deinit()
    print(made == posted, wrong, refused == queue.dropped, refused > 0)

rtos.run(main)
"""


@NATIVE
def test_a_queue_that_is_posted_to_faster_than_it_is_served(run_on_board, native):
    assert run_on_board(_OVERLOAD, native, 6 if native else 5) == "True 0 True True\n"


_CALLS = """
import mps2, rtos

log = []
add = log.append  # bound here, for handlers have no heap
queue = rtos.EventQueue(8)
event = rtos.Event(queue, add, "event")
user = rtos.UserEvent(queue, add, "user")
user.delay_ms(15)
ids = [0] * 4
said = [None] * 8

def isr(line):
    ids[0] = queue.call(add, "call")
    ids[1] = queue.call_in(10, add, "in")
    ids[2] = queue.call_every(40, add, "every")
    ids[3] = queue.call_in(5, add, "cancelled")
    said[0] = queue.time_left(ids[0])
    said[1] = 0 < queue.time_left(ids[1]) <= 10
    said[2] = queue.cancel(ids[3])
    said[3] = queue.cancel(ids[3])
    said[4] = queue.time_left(ids[3])
    said[5] = user.post()
    said[6] = user.post()
    said[7] = event.post() != 0

async def main():
    mps2.irq(20, isr, hard=True)
    rtos.Thread(queue.dispatch_forever, priority=rtos.HIGH).start()
    mps2.pend(20)
    await rtos.sleep_ms(50)
    print(log)
    print(said)
    def full(line):
        for n in range(8):
            said[n] = queue.call(add, n) != 0
    mps2.irq(20, full, hard=True)
    mps2.pend(20)
    print(said, queue.dropped)

rtos.run(main)
"""


@NATIVE
def test_every_call_from_a_hard_handler(run_on_board, native):
    """The last line: one of 8 places is the periodic call's."""
    log, said, full = run_on_board(_CALLS, native, icount=3).splitlines()
    assert log == str(["call", "event", "in", "user", "every"])
    assert said == str([0, True, True, False, -1, True, False, True])
    assert full == str([True] * 7 + [False]) + " 1"


_HEAP_LOCKED = """
import micropython, mps2, rtos

made = 0
queue = rtos.EventQueue(8)

def handler():
    global made
    made += 1

def handler_of_one(argument):
    global made
    made += 1

user = rtos.UserEvent(queue, handler_of_one, 7)
event = rtos.Event(queue, handler_of_one, 8)
event.delay_ms(1)

def isr(line):
    queue.call(handler)
    queue.call(handler_of_one, line)
    queue.cancel(queue.call_in(1, handler))
    user.post()
    event.post()

async def rounds(count):
    for _ in range(count):
        mps2.pend(20)
        queue.call(handler)
        await rtos.sleep_ms(10)

async def main():
    mps2.irq(20, isr, hard=True)
    rtos.Thread(queue.dispatch_forever, priority=PRIORITY).start()
    queue.call_every(5, handler)
    await rtos.sleep_ms(1)
    await rounds(20)
    global made
    made = 0
    work = rounds(1000)
    micropython.heap_lock()
    try:
        await work
    finally:
        micropython.heap_unlock()
    print(made, queue.dropped)

rtos.run(main)
"""


@pytest.mark.parametrize("priority", ["HIGH", "LOW"])
def test_nothing_is_allocated(run_on_board, priority):
    """A round is 5 calls and at least two periods."""
    output = run_on_board(f"from rtos import {priority} as PRIORITY\n" + _HEAP_LOCKED)
    made, dropped = map(int, output.split())
    assert made >= 7 * 1000
    assert dropped == 0


_CANCELLED_IN_TIME = """
import machine, rtos
from rtos.eventplace import NOTHING

ROUNDS = const(5000)
queue = rtos.EventQueue(4)
calls = queue.calls
latest = [0]
said = [False]
made = cancelled = wrong = 0

def handler():
    global made
    made += 1

def isr(timer):
    if latest[0] and queue.cancel(latest[0]):
        said[0] = True

def once():
    id = queue.call(handler)
    latest[0] = id
    calls.make()
    latest[0] = 0

def again():
    # As the dispatcher does. Returns whether the call is to be made once more.
    id = queue.call_every(1, handler)
    place = calls.take()
    place.waits = False
    latest[0] = id
    result = calls.make(place)
    latest[0] = 0
    if result is None:
        return False
    more = result.function is not None
    calls.release(result)
    return more

timer = machine.Timer(-1, freq=FREQ, callback=isr, hard=True)
for n in range(ROUNDS):
    made = 0
    said[0] = False
    for _ in range(n * 7 % 61):  # or loop and timer keep in step
        pass
    once()
    if made != (not said[0]):
        wrong += 1
    cancelled += said[0]
    said[0] = False
    more = again()
    if more == said[0]:
        wrong += 1
    cancelled += said[0]
timer.deinit()
print(wrong, cancelled > 100, all(queue.call(handler) for _ in range(4)), queue.dropped)
"""


@NATIVE
def test_a_call_that_a_hard_handler_cancels_is_not_made(run_on_board, native):
    """At any instruction: the timer's period is no multiple of anything in the loop."""
    freq = 1999 if native else 811
    text = "from micropython import const\n" + _CANCELLED_IN_TIME.replace("FREQ", str(freq))
    assert run_on_board(text, native) == "0 True True 0\n"


_ALARM = """
import mps2, time

for wrong in (None, 5, "alarm"):
    try:
        mps2.attach_alarm(wrong)
        print("taken")
    except TypeError:
        pass
mps2.program_alarm(1)  # nothing is attached
time.sleep_ms(5)
rung = [0]

def ring(_):
    rung[0] += 1

mps2.attach_alarm(ring)
for delay in ("1", 1.5, [], 1 << 40):
    try:
        mps2.program_alarm(delay)
        print("taken")
    except (TypeError, OverflowError):
        pass
for delay in (0, -5, 1):
    mps2.program_alarm(delay)
    time.sleep_ms(5)
mps2.program_alarm(2)
mps2.program_alarm(None)
time.sleep_ms(5)
mps2.program_alarm((1 << 30) - 1)
time.sleep_ms(5)
print(rung)
"""


def test_an_alarm_that_is_used_wrongly(run_on_board):
    assert run_on_board(_ALARM, icount=3) == "[3]\n"
