"""Ticker, Timeout, Stopwatch and debouncing on the emulated board, which counts instructions."""

import json

import pytest
from coiltools.emulator import Emulator
from coiltools.runningboard import run_script


def deterministic(firmware, code):
    return run_script(Emulator(firmware, icount=5, epoch_s=0), code)


_STAMPS = """
import json, time
from drivers import Ticker, LowPowerTicker
stamps = [0] * {count}
n = 0
ticks_us = time.ticks_us
def call(ticker):
    global n
    if n < {count}:
        stamps[n] = ticks_us()
        n += 1
ticker = {kind}()
ticker.attach(call, {period_us}, hard={hard})
while n < {count}:
    pass
ticker.detach()
print(json.dumps([time.ticks_diff(stamp, stamps[0]) for stamp in stamps]), ticker.missed)
"""


@pytest.mark.parametrize(
    "kind, period_us, hard",
    [("Ticker", 1_000, True), ("Ticker", 1_000, False), ("LowPowerTicker", 777, True)],
)
def test_periods_are_exact(firmware, kind, period_us, hard):
    """Every call comes at its time, but for what the handler needs to begin: that varies little."""
    count = 500
    code = _STAMPS.format(kind=kind, period_us=period_us, hard=hard, count=count)
    said, missed = deterministic(firmware, code).rsplit(" ", 1)
    late_us = [stamp - n * period_us for n, stamp in enumerate(json.loads(said))]
    assert int(missed) == 0
    late_us = late_us[1:]  # the first call has looked names up for those after it
    assert max(late_us) - min(late_us) <= 20, late_us
    assert abs(late_us[-1] - late_us[0]) <= 10, "the periods add up to something else"


def test_timeouts_follow_each_other_without_a_heap(firmware):
    code = """
import json, micropython, time
from drivers import Timeout
stamps = [0] * 100
n = 0
ticks_us = time.ticks_us
def call(timeout):
    global n
    stamps[n] = ticks_us()
    n += 1
    if n < 100:
        timeout.attach(call, 2_000, hard=True)
timeout = Timeout()
micropython.heap_lock()
timeout.attach(call, 2_000, hard=True)
while n < 100:
    pass
micropython.heap_unlock()
print(json.dumps([b - a for a, b in zip(stamps, stamps[1:])]), timeout.remaining_us())
"""
    gaps_us, rest = deterministic(firmware, code).rsplit(" ", 1)
    gaps_us = json.loads(gaps_us)
    assert rest == "None\n" and len(gaps_us) == 99
    # From the call to the next one: two milliseconds, and what lies in between. The first one also
    # fills MicroPython's cache of names.
    assert all(2_000 <= gap_us < 2_700 for gap_us in gaps_us), gaps_us
    assert max(gaps_us[1:]) - min(gaps_us[1:]) <= 20, gaps_us


def test_soft_calls_allocate_nothing(firmware):
    code = """
import micropython
from drivers import Ticker
n = 0
def call(ticker):
    global n
    n += 1
with Ticker() as ticker:
    ticker.attach(call, 1_000)
    while n < 2:
        pass
    micropython.heap_lock()
    while n < 1000:
        pass
    ticker.attach(call, 1_500)
    while n < 1100:
        pass
    micropython.heap_unlock()
print(n >= 1100, ticker.missed)
"""
    assert deterministic(firmware, code) == "True 0\n"


def test_remaining_time_and_stopwatch_agree_with_the_clock(firmware):
    code = """
import time
from drivers import Stopwatch, Timeout
timeout = Timeout()
with Stopwatch() as watch:
    timeout.attach(print, 1_000_000)
    time.sleep_ms(250)
    left_us = timeout.remaining_us()
    timeout.detach()
elapsed_us = watch.elapsed_us()
print(740_000 < left_us <= 750_000, 250_000 <= elapsed_us < 255_000, timeout.remaining_us())
watch.start()
time.sleep_ms(100)
watch.stop()
print(100_000 <= watch.elapsed_us() - elapsed_us < 101_000)
"""
    assert deterministic(firmware, code) == "True True None\nTrue\n"


def test_debounce(firmware):
    code = """
import machine, mps2, time
from drivers import InterruptIn
def move(level):
    machine.mem32[0x21FF0040] = level
    mps2.pend(31)
seen = []
button = InterruptIn("BUTTON1", debounce_ms=10)
def call(pin):
    seen.append((pin(), time.ticks_diff(time.ticks_us(), start)))
button.rise(call, hard=False)
button.fall(call, hard=False)
for n in range(10):
    move(1)
    time.sleep_ms(2)
    move(0)
    time.sleep_ms(3)
start = time.ticks_us()
move(1)
time.sleep_ms(40)
move(0)
time.sleep_ms(1)
move(1)
time.sleep_ms(20)
button.deinit()
print(len(seen), seen[0][0], 10_000 <= seen[0][1] < 11_000, button.missed)
"""
    assert deterministic(firmware, code) == "1 1 True 0\n"


def test_a_callback_that_raises_in_the_interrupt_ends_the_ticker(firmware):
    code = """
import time
from drivers import Ticker
n = 0
def call(ticker):
    global n
    n += 1
    raise ValueError("broken")
ticker = Ticker()
ticker.attach(call, 1000, hard=True)
time.sleep_ms(10)
print(n)
ticker.attach(lambda ticker: print("again"), 1000)
time.sleep_us(1500)
ticker.detach()
"""
    said = deterministic(firmware, code)
    assert "ValueError: broken" in said and said.endswith("1\nagain\n"), said
