"""An exception goes through nest() to the drain, and the scheduler is as it was."""

import time

import _native
import micropython

results = []


def fail(kind):
    raise kind("from nested code")


def deep(n):
    def inner():
        try:
            _native.nest(fail, ValueError)
        except ValueError as error:
            results.append((n, str(error)))

    assert _native.Drain(inner).pend()
    for _ in range(5):
        pass
    fail(KeyError)


def drain():
    assert _native.nest(lambda argument: argument + 1, 41) == 42
    for kind in (ValueError, KeyboardInterrupt, SystemExit):
        try:
            _native.nest(fail, kind)
            results.append("not raised")
        except BaseException as error:
            results.append(type(error))
    try:
        _native.nest(deep, 7)
        results.append("not raised")
    except KeyError:
        results.append("key")
    # No callback runs while the drain has the scheduler locked, whatever was raised before.
    micropython.schedule(results.append, "late")
    for _ in range(5):
        pass
    results.append("end")


entry = _native.Drain(drain)
for _ in range(50):
    results.clear()
    entry.pend()
    for _ in range(10):
        pass
    time.sleep_ms(0)
    assert results == [
        ValueError,
        KeyboardInterrupt,
        SystemExit,
        (7, "from nested code"),
        "key",
        "end",
        "late",
    ], results

# A drain that raises itself is reported on the console and does no harm.
_native.Drain(lambda: _native.nest(fail, OSError)).pend()
for _ in range(10):
    pass
results.clear()
entry.pend()
for _ in range(10):
    pass
assert results[-1] == "late", results
try:
    _native.nest(fail, ValueError)
    raise AssertionError
except RuntimeError:
    pass
print("passed")
