"""throw() raises in interrupted code: at the bottom, in a nested function, or not any more."""

import time

import _native
import machine
import micropython


class Stop(BaseException):
    pass


def spin_for_ever():
    while True:
        pass


def after_ms(ms, function):
    return machine.Timer(mode=machine.Timer.ONE_SHOT, period=ms, callback=lambda t: function())


# An endless loop of the base; an instance, then a class.
stop = Stop("now")
timer = after_ms(20, lambda: _native.throw(stop))
try:
    spin_for_ever()
except Stop as error:
    assert error is stop
timer = after_ms(20, lambda: _native.throw(KeyError))
try:
    spin_for_ever()
except KeyError as error:
    assert error.args == ()

# An endless loop in a nested function: the base notices nothing.
caught = []


def drain():
    try:
        _native.nest(lambda _: spin_for_ever(), None)
    except Stop as error:
        caught.append(error)


timer = after_ms(30, _native.Drain(lambda: _native.throw(stop)))
_native.Drain(drain).pend()
end = time.ticks_add(time.ticks_ms(), 2000)
while not caught:
    assert time.ticks_diff(end, time.ticks_ms()) > 0
assert caught == [stop]


# Taken back in time.
def throw_and_take_back(_):
    _native.throw(stop)
    _native.throw(None)


micropython.schedule(throw_and_take_back, None)
for _ in range(10):
    pass


# Too late: the function that it was thrown at has ended without another branch.
def over():
    _native.throw(stop)


late = []


def late_drain():
    _native.nest(lambda _: micropython.schedule(lambda _: None, None), None)
    late.append(True)


_native.Drain(late_drain).pend()
for _ in range(10):
    pass
assert late

# Wrong use.
for wrong, kind in ((Stop, RuntimeError), (None, RuntimeError)):
    try:
        _native.throw(wrong)
        raise AssertionError
    except kind as error:
        assert "outside a scheduler callback" in str(error), error
wrong_type = []


def throw_number(_):
    for wrong in (5, int, "text"):
        try:
            _native.throw(wrong)
        except TypeError as error:
            wrong_type.append(str(error))


micropython.schedule(throw_number, None)
for _ in range(10):
    pass
assert len(wrong_type) == 3, wrong_type
print("passed")
