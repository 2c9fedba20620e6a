"""Awaitable parks, hands over what the waker left, is reused, and allocates nothing."""

import _native
import micropython

place = _native.Awaitable()


async def one():
    return await place


# Parked: the coroutine yields the object; the waker leaves a value.
thread = one()
assert thread.send(None) is place
assert repr(place) == "<Awaitable parked>"
place.value = "news"
try:
    thread.send(None)
    raise AssertionError
except StopIteration as result:
    assert result.value == "news"
assert place.value is None and repr(place) == "<Awaitable idle>"

# An error instead of a value: an instance, a class.
for error in (OSError(5), ValueError):
    thread = one()
    thread.send(None)
    place.error = error
    try:
        thread.send(None)
        raise AssertionError
    except (OSError, ValueError) as raised:
        assert raised is error or type(raised) is error
    assert place.error is None

# Ready beforehand: no parking at all.
thread = one()
place.ready(3)
try:
    thread.send(None)
    raise AssertionError
except StopIteration as result:
    assert result.value == 3

# Cancelled while parked: the next await parks again, and nothing is left over.
for end in (lambda t: t.throw(KeyError("cancel")), lambda t: t.close()):
    thread = one()
    thread.send(None)
    place.value = "stale"
    try:
        end(thread)
    except KeyError as error:
        assert error.value == "cancel"
    assert place.value is None
    thread = one()
    assert thread.send(None) is place
    thread.close()

# A parked one cannot be made ready: its coroutine would miss it.
thread = one()
thread.send(None)
try:
    place.ready()
    raise AssertionError
except RuntimeError as error:
    assert ".value" in str(error)
thread.close()

# What a waker leaves too late is not for the next await.
place.value = "late"
place.error = KeyError
thread = one()
assert thread.send(None) is place and place.value is None
try:
    thread.send(None)
    raise AssertionError
except StopIteration as result:
    assert result.value is None

# Only None resumes; the Awaitable is as new afterwards.
thread = one()
thread.send(None)
try:
    thread.send(1)
    raise AssertionError
except TypeError as error:
    assert "send(None)" in str(error)
assert repr(place) == "<Awaitable idle>"


# Another key.
key = ("wait", 1)
place = _native.Awaitable(key)
thread = one()
assert thread.send(None) is key
thread.close()
place.key = 7
thread = one()
assert thread.send(None) == 7
thread.close()

# Two coroutines, a thousand rounds, no allocation.
ping = _native.Awaitable()
pong = _native.Awaitable()
totals = {ping: 0, pong: 0}


async def forever(mine):
    while True:
        value = await mine
        totals[mine] += value


first, second = forever(ping), forever(pong)
first.send(None)
second.send(None)
send_first, send_second = first.send, second.send


def rounds():
    for _ in range(1000):
        ping.value = 1
        send_first(None)
        pong.value = 2
        send_second(None)


micropython.heap_lock()
rounds()
micropython.heap_unlock()
assert totals == {ping: 1000, pong: 2000}, totals
print("passed")
