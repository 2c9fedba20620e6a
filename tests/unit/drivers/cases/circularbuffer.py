# platforms: cpython host-stock host-native mps2-native
import random
from array import array
from collections import deque

from drivers import CircularBuffer
from support import MICROPYTHON, no_allocation, raises


def test_in_and_out():
    for typecode in (None, "B", "h"):
        buffer = CircularBuffer(3, typecode)
        assert len(buffer) == 0 and buffer.empty() and not buffer.full() and not buffer
        assert buffer.capacity == 3
        assert buffer.pop() is None and buffer.pop(-1) == -1
        assert buffer.peek() is None and buffer.peek(-1) == -1
        buffer.push(1)
        buffer.push(2)
        assert len(buffer) == 2 and buffer and not buffer.empty() and not buffer.full()
        assert buffer.peek() == 1 and len(buffer) == 2
        assert buffer.pop() == 1 and buffer.pop() == 2 and buffer.pop() is None
        assert buffer.overwritten == 0


def test_the_oldest_is_overwritten():
    buffer = CircularBuffer(3)
    for i in range(5):
        buffer.push(i)
    assert buffer.full() and len(buffer) == 3 and buffer.overwritten == 2
    assert buffer.peek() == 2
    assert [buffer.pop() for _ in range(4)] == [2, 3, 4, None]
    one = CircularBuffer(1, "B")
    one.push(7)
    one.push(8)
    assert one.pop(-1) == 8 and one.pop(-1) == -1 and one.overwritten == 1


def test_false_items_and_none_are_items():
    buffer = CircularBuffer(4)
    for item in (0, None, "", False):
        buffer.push(item)
    nothing = object()
    assert [buffer.pop(nothing) for _ in range(4)] == [0, None, "", False]
    assert buffer.pop(nothing) is nothing


def test_what_is_taken_out_is_let_go():
    buffer = CircularBuffer(2)
    buffer.push([1])
    buffer.pop()
    buffer.pop()
    assert all(item is None for item in buffer._items)
    buffer.push([1])
    buffer.push([2])
    buffer.push([3])
    buffer.reset()
    assert buffer.empty() and all(item is None for item in buffer._items)


def test_spans():
    buffer = CircularBuffer(8, "B")
    buffer.push_span(b"abcde")
    out = bytearray(3)
    assert buffer.peek_into(out) == 3 and out == b"abc" and len(buffer) == 5
    assert buffer.pop_into(out) == 3 and out == b"abc"
    assert buffer.pop_into(out) == 2 and out == b"dec"
    assert buffer.pop_into(out) == 0 == buffer.peek_into(out)
    buffer.push_span(b"0123456789")
    assert buffer.overwritten == 2
    out = bytearray(20)
    assert buffer.peek_into(out) == 8 and out[:9] == b"23456789\0"
    assert buffer.pop_into(memoryview(out)[10:14]) == 4 and out[10:14] == b"2345"
    words = CircularBuffer(3, "H")
    words.push_span(array("H", [1, 500, 60000]))
    into = [0] * 4
    assert words.pop_into(into) == 3 and into == [1, 500, 60000, 0]
    anything = CircularBuffer(3)
    anything.push_span(("a", None, 2.5))
    assert anything.pop_into(into) == 3 and into[:3] == ["a", None, 2.5]


def test_against_a_deque():
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    for capacity in (1, 2, 7):
        for typecode in (None, "H"):
            buffer = CircularBuffer(capacity, typecode)
            model = deque((), capacity)
            lost = 0
            for i in range(400):
                if random.getrandbits(2):
                    lost += len(model) == capacity
                    buffer.push(i)
                    if len(model) == capacity:
                        model.popleft()
                    model.append(i)
                else:
                    assert buffer.pop(-1) == (model.popleft() if model else -1)
                assert len(buffer) == len(model) and buffer.overwritten == lost
                assert buffer.full() == (len(model) == capacity)


def test_a_wrong_item_changes_nothing():
    from machine import disable_irq, enable_irq

    buffer = CircularBuffer(2, "B")
    buffer.push(5)
    before = disable_irq()
    enable_irq(before)
    raises(TypeError, buffer.push, "x")
    state = disable_irq()  # push() has switched interrupts on again
    enable_irq(state)
    assert state == before
    assert len(buffer) == 1 and buffer.pop() == 5 and buffer.overwritten == 0


def test_mistakes():
    for capacity in (0, -1, 1.5, None, "4"):
        raises(ValueError, CircularBuffer, capacity)
    raises(ValueError if MICROPYTHON else (ValueError, TypeError), CircularBuffer, 4, "?")
    raises(TypeError, CircularBuffer(4).push_span, 5)
    assert repr(CircularBuffer(4, "H")) == "<CircularBuffer 0 of 4 of 'H'>"
    assert repr(CircularBuffer(4)) == "<CircularBuffer 0 of 4>"


def test_nothing_is_allocated():
    for typecode in (None, "B"):
        buffer = CircularBuffer(10, typecode)
        out = bytearray(4)

        def rounds(buffer=buffer, out=out):
            for _ in range(1000):
                buffer.push(3)
                buffer.push_span(b"abcd")
                buffer.pop()
                buffer.peek()
                buffer.peek_into(out)
                buffer.pop_into(out)

        no_allocation(rounds)


def test_an_interrupt_handler_pushes():
    """Each number comes out once and in order, or is counted as overwritten."""
    if not MICROPYTHON:
        return
    from machine import Timer

    buffer = CircularBuffer(16)
    count = [0]

    def handler(timer):
        count[0] += 1
        buffer.push(count[0])

    timer = Timer(-1)
    timer.init(freq=5000, callback=handler, hard=True)
    seen = 0
    last = 0
    while last < 1500:
        buffer.peek()
        item = buffer.pop()
        if item is not None:
            assert item > last, (item, last)
            last = item
            seen += 1
    timer.deinit()
    while buffer:
        assert buffer.pop() > last
        seen += 1
    assert seen + buffer.overwritten == count[0]
