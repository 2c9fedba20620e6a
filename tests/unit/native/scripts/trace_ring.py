"""The trace ring: records from plain code and from interrupt handlers, no allocation, wrap."""

import struct
import time

import _native
import machine
import micropython

RECORD = "<IIi"
SIZE = 12
ring = bytearray(SIZE * 8)


def records():
    return [struct.unpack_from(RECORD, ring, at) for at in range(0, len(ring), SIZE)]


assert _native.trace_stop() == 0
_native.trace(1, 2)  # no trace runs: nothing happens
_native.trace_start(ring)
for n in range(5):
    _native.trace(n, -n)
assert _native.trace_stop() == 5
assert [r[1:] for r in records()] == [(n, -n) for n in range(5)] + [(0, 0)] * 3
times = [r[0] for r in records()[:5]]
assert all((times[n + 1] - times[n]) & 0xFFFFFFFF < 1 << 31 for n in range(4))

# The oldest are overwritten.
_native.trace_start(ring)
for n in range(19):
    _native.trace(n, 0)
assert _native.trace_stop() == 19
assert [r[1] for r in records()] == [16, 17, 18, 11, 12, 13, 14, 15]

# No allocation.
_native.trace_start(ring)
micropython.heap_lock()
for n in range(1000):
    _native.trace(3, n)
micropython.heap_unlock()
assert _native.trace_stop() == 1000

# From interrupt handlers, over code that traces too: no record is torn or lost.
big = bytearray(SIZE * 40000)
fired = 0


def handler(_):
    global fired
    fired += 1
    _native.trace(99, fired)


_native.trace_start(big)
timer = machine.Timer(freq=1000, callback=handler, hard=True)
own = 0
while fired < 100:  # a busy computer may not get to the timer for long
    if own < 30000:
        _native.trace(7, own)
        own += 1
timer.deinit()
count = _native.trace_stop()
assert count == own + fired, (count, own, fired)
seen = {7: -1, 99: 0}
for at in range(0, count * SIZE, SIZE):
    _, id, argument = struct.unpack_from(RECORD, big, at)
    assert argument == seen[id] + 1, (id, argument, seen)
    seen[id] = argument

# A buffer that moves or shrinks.
moving = bytearray(SIZE)
_native.trace_start(moving)
for n in range(200):
    _native.trace(n, n)
    moving += bytes(SIZE)
    _native.trace(n, n)
assert _native.trace_stop() == 400
try:
    _native.trace_start(bytearray(SIZE - 1))
    raise AssertionError
except ValueError:
    pass


# A trace that ends while a record is being made.
class Ending:
    def __int__(self):
        _native.trace_stop()
        return 1


_native.trace_start(ring)
_native.trace(Ending(), 1)
assert _native.trace_stop() == 0

# The counter behind it.
hz = _native.cycles_hz()
before = _native.cycles()
time.sleep_ms(10)
elapsed = (_native.cycles() - before) & 0x3FFFFFFF
assert 0.009 < elapsed / hz < 0.5, (elapsed, hz)
print("passed")
