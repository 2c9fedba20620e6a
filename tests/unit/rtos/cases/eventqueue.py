# platforms: cpython host-stock host-native mps2-stock
"""rtos.EventQueue, Event, UserEvent, and the shared queues, on a virtual clock."""

import micropython
import rtos
from rtos.core import lock, locked, post, posts_lost, unlock
from support import MICROPYTHON, raises, run_main

DELAY_MAX_MS = 2**29 - 1


def note(log):
    """A handler that appends (what it is called with, when) and the clock it uses."""

    def handler(*what):
        log.append((what[0] if len(what) == 1 else what, rtos.EventQueue.tick(None)))

    return handler


def dispatched(prepare, timeout_ms=None, size=32, start_ms=0):
    """Run prepare(queue, log) and dispatch(timeout_ms) in a thread; what handlers have noted."""
    log = []

    async def main():
        queue = rtos.EventQueue(size)
        began = queue.tick()
        prepare(queue, log)
        assert await queue.dispatch(timeout_ms) is None
        return [(what, (when - began) & 0x3FFFFFFF) for what, when in log]

    return rtos.run(main, port=rtos.VirtualPort(start_ms))


# ---- Order and time


def test_calls_come_in_order_with_their_arguments():
    def prepare(queue, log):
        add = note(log)
        queue.call(add)
        queue.call(add, None)
        queue.call(add, 1)
        queue.call(add, 1, 2)
        queue.call(add, 1, 2, 3, 4, 5)

    expected = [(), None, 1, (1, 2), (1, 2, 3, 4, 5)]
    assert dispatched(prepare, 0) == [(what, 0) for what in expected]


def test_delays_sort_and_equal_ones_keep_their_order():
    def prepare(queue, log):
        add = note(log)
        for name, delay_ms in (
            ("c", 30),
            ("a", 10),
            ("b", 20),
            ("a2", 10),
            ("now", 0),
            ("c2", 30),
        ):
            queue.call_in(delay_ms, add, name)
        queue.call_in(40, queue.break_dispatch)

    expected = [("now", 0), ("a", 10), ("a2", 10), ("b", 20), ("c", 30), ("c2", 30)]
    assert dispatched(prepare) == expected


def test_order_of_delays_like_a_model():
    seed = 20261
    delays = []
    for _ in range(200):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        delays.append(seed >> 8 & 63)

    def prepare(queue, log):
        for number, delay_ms in enumerate(delays):
            assert queue.call_in(delay_ms, note(log), number)

    expected = sorted(range(200), key=lambda n: (delays[n], n))
    assert dispatched(prepare, 100, 200) == [(n, delays[n]) for n in expected], seed


def test_periodic_calls_begin_after_one_period_and_do_not_drift():
    async def main():
        queue = rtos.EventQueue()
        began = queue.tick()
        times = []

        async def handler():
            times.append(queue.tick() - began)
            await rtos.sleep_ms(len(times) % 3)

        queue.call_every(10, handler)
        await queue.dispatch(101)
        return times

    assert run_main(main) == list(range(10, 101, 10))


def test_periods_that_were_missed_are_not_made_up():
    async def main():
        queue = rtos.EventQueue()
        began = queue.tick()
        times = []

        async def handler():
            times.append(queue.tick() - began)
            if len(times) == 2:
                await rtos.sleep_ms(35)

        queue.call_every(10, handler)
        await queue.dispatch(81)
        return times

    assert run_main(main) == [10, 20, 60, 70, 80]


def test_the_clock_wraps():
    for start_ms in (2**29, 2**30, 2**31, 2**32):

        def prepare(queue, log):
            queue.call_in(50, note(log), "late")
            queue.call_in(5, note(log), "early")
            queue.call_every(20, note(log), "again")
            queue.call_in(DELAY_MAX_MS, note(log), "never")

        expected = [("early", 5), ("again", 20), ("again", 40), ("late", 50), ("again", 60)]
        assert dispatched(prepare, 70, start_ms=start_ms - 30) == expected, start_ms


def test_the_longest_delay():
    def prepare(queue, log):
        queue.call_in(DELAY_MAX_MS, note(log), "last")
        queue.call_in(DELAY_MAX_MS - 1, note(log), "before")
        queue.call_in(DELAY_MAX_MS, queue.break_dispatch)

    assert dispatched(prepare) == [("before", DELAY_MAX_MS - 1), ("last", DELAY_MAX_MS)]


def test_wrong_times():
    queue = rtos.EventQueue(1)
    for function in (queue.call_in, queue.call_every):
        for ms in (-1, DELAY_MAX_MS + 1, 1.5, None):
            raises(ValueError, function, ms, print)
    raises(ValueError, queue.call_every, 0, print)
    raises(ValueError, queue.dispatch, -1)
    for size in (-1, 1025, None):
        raises(ValueError, rtos.EventQueue, size)
    assert queue.call(print)  # and nothing was taken


# ---- Room


def test_a_full_queue_refuses_and_counts():
    async def main():
        log = []
        queue = rtos.EventQueue(3)
        for turn in range(3):
            assert all(queue.call(log.append, n) for n in range(3))
            assert queue.call(log.append, 3) == 0
            assert queue.call_in(5, log.append, 4) == 0
            assert queue.dropped == 2 * (turn + 1)
            queue.dispatch_once()
        return log

    assert run_main(main) == [0, 1, 2] * 3


def test_size_0_takes_only_user_events():
    async def main():
        log = []
        queue = rtos.EventQueue(0)
        event = rtos.UserEvent(queue, log.append, 1)
        assert queue.call(log.append, 0) == 0
        assert queue.call_every(5, log.append, 0) == 0
        assert event.post()
        await queue.dispatch(0)
        return log

    assert run_main(main) == [1]


# ---- cancel(), time_left()


def test_cancel_what_waits():
    def prepare(queue, log):
        add = note(log)
        ids = [
            queue.call(add, "call"),
            queue.call_in(9, add, "in"),
            queue.call_every(9, add, "every"),
        ]
        for id in ids:
            assert queue.cancel(id)
            assert not queue.cancel(id)
            assert queue.time_left(id) == -1
        queue.call(add, "kept")

    assert dispatched(prepare, 50) == [("kept", 0)]


def test_cancel_what_is_no_id():
    queue = rtos.EventQueue(2)
    for id in (0, 1, 2, 3, 2047, 2048, 2049, -1, 2**29):
        if id in (1, 2):
            continue  # the next ones, not in use: see below
        assert not queue.cancel(id), id
        assert queue.time_left(id) == -1, id


def test_an_id_that_was_not_given_out_yet():
    queue = rtos.EventQueue(1)
    id = queue.call(print)
    assert queue.cancel(id)
    queue.dispatch_once()
    following = queue.call(print)
    assert following != id
    queue.cancel(following)
    queue.dispatch_once()
    for guess in range(following, following + 20 * 2048, 2048):
        assert not queue.cancel(guess)


def test_a_used_place_has_another_id():
    async def main():
        log = []
        queue = rtos.EventQueue(1)
        seen = set()
        for n in range(50):
            id = queue.call(log.append, n)
            assert id and id not in seen
            for old in seen:
                assert not queue.cancel(old)
            seen.add(id)
            queue.dispatch_once()
            assert queue.time_left(id) == -1
        return log

    assert run_main(main) == list(range(50))


def test_cancelled_places_are_free_when_the_dispatcher_has_come_by():
    async def main():
        queue = rtos.EventQueue(4)
        for turn in range(20):
            ids = [queue.call_in(1000, print) for _ in range(4)]
            assert all(ids)
            if turn % 2:
                await queue.dispatch(1)
            for id in ids:
                assert queue.cancel(id)
            await queue.dispatch(0)
        assert queue.dropped == 0

    run_main(main)


def test_time_left():
    async def main():
        queue = rtos.EventQueue()
        said = []
        soon = queue.call(lambda: said.append(queue.time_left(soon)))
        later = queue.call_in(30, lambda: said.append(queue.time_left(later)))
        assert (queue.time_left(soon), queue.time_left(later)) == (0, 30)
        await queue.dispatch(10)
        assert (queue.time_left(soon), queue.time_left(later)) == (-1, 20)
        await rtos.sleep_ms(50)
        assert queue.time_left(later) == 0
        await queue.dispatch(0)
        assert queue.time_left(later) == -1
        return said

    assert run_main(main) == [0, 0]


def test_calls_that_cancel_themselves():
    async def main():
        queue = rtos.EventQueue(2)
        said = []

        def once():
            said.append(queue.cancel(one))

        def again():
            said.append(queue.cancel(every))
            said.append(queue.cancel(every))

        one = queue.call(once)
        every = queue.call_every(10, again)
        await queue.dispatch(100)
        assert queue.call(print) and queue.call(print)  # both places are free
        return said

    assert run_main(main) == [False, True, False]


def test_a_handler_cancels_what_is_due_with_it():
    def prepare(queue, log):
        def first():
            log.append(("first", queue.tick()))
            assert queue.cancel(second) and queue.cancel(third)

        queue.call_in(10, first)
        second = queue.call_in(10, note(log), "second")
        third = queue.call_every(10, note(log), "third")

    assert dispatched(prepare, 50) == [("first", 10)]


def test_what_is_no_id_at_all_leaves_the_kernel_unlocked():
    queue = rtos.EventQueue(2)
    for id in (None, "1", [1]):
        raises(TypeError, queue.cancel, id)
        raises(TypeError, queue.time_left, id)
        assert not locked()
    for id in (1 << 40, -(1 << 40), (1 << 64) + 1):
        assert not queue.cancel(id), id
        assert queue.time_left(id) == -1, id


def test_ids_wrap():
    queue = rtos.EventQueue(1)
    place = queue.calls.find(1)
    for _ in range(2**19 - 2):
        queue.calls.expel(place)
    log = []
    ids = []
    for n in range(4):
        ids.append(queue.call(log.append, n))
        queue.dispatch_once()
    assert ids == [1 - 2 * 2048 + 2**30, 1 - 2048 + 2**30, 1, 1 + 2048]
    assert log == [0, 1, 2, 3]


# ---- Wrong arguments, also to what is behind the queue


def test_the_result_of_a_call_is_no_function():
    queue = rtos.EventQueue(2)
    for add in (queue.call, lambda *a: queue.call_in(1, *a), lambda *a: queue.call_every(1, *a)):
        error = raises(TypeError, add, None)
        assert "not its call" in str(error)
        raises(TypeError, add, None, 1)
        raises(TypeError, add, None, 1, 2)
    assert queue.call(print) and queue.call(print) and queue.dropped == 0  # no place was taken


def test_foreign_objects_do_not_crash_the_places():
    class Other:
        pass

    queue = rtos.EventQueue(2)
    calls = queue.calls
    for thing in (5, "place", Other(), Other, [None], queue, queue._signal):
        for function in (calls.release, calls.expel, calls.make):
            raises((TypeError, AttributeError), function, thing)
        raises((TypeError, AttributeError), calls.post_own, thing, print, 1, None, 0)
    assert queue.call(print) and queue.call(print)


def test_a_place_that_was_released_too_often_does_no_harm():
    log = []
    queue = rtos.EventQueue(2)
    calls = queue.calls
    for _ in range(4):
        id = queue.call(print)
        if id:
            calls.release(calls.find(id))
    for n in range(50):
        queue.call(log.append, n)
    while calls:
        calls.make()
    assert len(log) < 50


# ---- dispatch()


def test_dispatch_for_a_time():
    async def main():
        queue = rtos.EventQueue()
        queue.call_every(10, print)
        began = queue.tick()
        await queue.dispatch(35)
        assert queue.tick() - began == 35
        await rtos.EventQueue().dispatch(20)
        assert queue.tick() - began == 55

    run_main(main)


def test_dispatch_0_makes_what_is_due_when_it_begins():
    async def main():
        log = []
        queue = rtos.EventQueue()

        def again():
            log.append("again")
            queue.call(again)

        queue.call(again)
        queue.call_in(5, log.append, "later")
        await queue.dispatch(0)
        queue.dispatch_once()
        assert log == ["again", "again"]
        await rtos.sleep_ms(5)
        queue.dispatch_once()
        assert sorted(log) == ["again"] * 3 + ["later"]

    run_main(main)


def test_a_call_that_posts_itself_does_not_hold_up_others_nor_the_end():
    async def main():
        queue = rtos.EventQueue()
        log = []

        async def again():
            await rtos.sleep_ms(1)
            queue.call(again)

        queue.call(again)
        queue.call_in(10, log.append, 1)
        await queue.dispatch(20)
        return log

    assert run_main(main) == [1]


def test_break_dispatch():
    async def main():
        log = []
        queue = rtos.EventQueue()
        queue.call(queue.break_dispatch)
        queue.call(log.append, 1)
        await queue.dispatch()
        queue.call(log.append, 2)
        queue.break_dispatch()  # none runs: the next
        await queue.dispatch()
        thread = rtos.Thread(queue.dispatch_forever).start()
        await rtos.sleep_ms(10)
        queue.break_dispatch()
        assert await thread.join(100) is None
        queue.call(log.append, 3)
        await queue.dispatch(5)
        return log

    assert run_main(main) == [1, 2, 3]


def test_a_dispatcher_that_waits_is_woken_by_posts():
    async def main():
        log = []
        queue = rtos.EventQueue()
        rtos.Thread(queue.dispatch_forever).start()
        for n in range(20):
            await rtos.sleep_ms(3)
            queue.call(log.append, n)
            if n == 5:
                queue.call_every(1000, print)
            if n == 7:
                queue.call_in(1, log.append, "in")
            await rtos.sleep_ms(2)
        return log

    expected = list(range(20))
    expected.insert(8, "in")
    assert run_main(main) == expected


def test_two_dispatchers_are_refused():
    async def main():
        queue = rtos.EventQueue()
        rtos.Thread(queue.dispatch_forever).start()
        await rtos.sleep_ms(1)
        raises(RuntimeError, queue.dispatch_once)
        try:
            await queue.dispatch(1)
        except RuntimeError:
            return "refused"

    assert run_main(main) == "refused"


def test_a_terminated_dispatcher_leaves_the_queue_in_order():
    async def main():
        log = []
        queue = rtos.EventQueue(2)

        async def waits():
            try:
                await rtos.sleep_ms(1000)
            finally:
                log.append("ended")

        for _ in range(5):
            thread = rtos.Thread(queue.dispatch_forever).start()
            id = queue.call(waits)
            other = queue.call_every(5, print)
            await rtos.sleep_ms(2)
            thread.terminate()
            await thread.join()
            assert queue.time_left(id) == -1
            queue.break_dispatch()
            assert queue.cancel(other)
            await queue.dispatch()
        assert queue.call(log.append, "a") and queue.call(log.append, "b")
        await queue.dispatch(0)
        return log

    assert run_main(main) == ["ended"] * 5 + ["a", "b"]


def test_async_handlers_are_awaited():
    async def main():
        log = []
        queue = rtos.EventQueue()

        async def handler(name, ms):
            log.append(name)
            await rtos.sleep_ms(ms)
            log.append((name, queue.tick()))

        queue.call(handler, "a", 10)
        queue.call(handler, "b", 5)
        began = queue.tick()
        await queue.dispatch(1)
        assert log == ["a", ("a", began + 10), "b", ("b", began + 15)]

    run_main(main)


def test_handlers_that_raise_are_reported_and_the_queue_goes_on():
    async def main():
        log = []
        queue = rtos.EventQueue(3)

        def broken():
            raise ValueError("of a handler")

        async def broken_later():
            await rtos.sleep_ms(1)
            raise ValueError("of an async handler")

        every = queue.call_every(10, broken)
        queue.call(broken_later)
        queue.call_in(25, log.append, "on")
        await queue.dispatch(30)
        assert queue.time_left(every) == 0 or queue.cancel(every)
        return log

    assert run_main(main) == ["on"]


def test_an_exception_that_cannot_be_reported_does_not_end_the_dispatcher():
    class Unspeakable(Exception):
        def __repr__(self):
            raise ValueError("of a report")

        __str__ = __repr__

    async def main():
        log = []
        queue = rtos.EventQueue(2)

        def broken():
            log.append("broken")
            raise ValueError(Unspeakable())

        queue.call_every(10, broken)
        for _ in range(3):  # a place for them is free each time
            assert queue.call(broken)
            await queue.dispatch(0)
        await queue.dispatch(25)
        return log

    assert run_main(main) == ["broken"] * 5


def test_a_user_event_is_cancelled_once():
    async def main():
        log = []
        queue = rtos.EventQueue(0)
        event = rtos.UserEvent(queue, log.append, 1)
        for period_ms in (0, 10, 0, 20):
            event.period_ms(period_ms)
            assert event.post() and not event.post()
            assert event.cancel() and not event.cancel()
            await queue.dispatch(30)
        assert log == []
        event.period_ms(0)
        assert event.post()
        await queue.dispatch(0)
        return log

    assert run_main(main) == [1]


def test_dispatch_once_needs_no_kernel():
    log = []
    queue = rtos.EventQueue()
    queue.call(log.append, 1)
    queue.call_in(1000, log.append, 2)

    async def handler():
        log.append("it ran")

    queue.call(handler)
    queue.call(log.append, 3)
    queue.dispatch_once()
    queue.dispatch_once()
    assert log == [1, 3]


# ---- From handlers


class HandlerPort(rtos.VirtualPort):
    """Says that a handler runs while `handles` is True; the core in C looks by itself."""

    handles = False

    def in_isr(self):
        return self.handles


def test_calls_of_handlers_while_the_posts_of_others_take_all_room():
    port = HandlerPort()

    async def main():
        log = []
        posted = []
        queue = rtos.EventQueue()
        rtos.Thread(queue.dispatch_forever, priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        before = posts_lost()
        for turn in range(3):
            lock()
            while post(lambda a, _: posted.append(a), None):
                pass
            port.handles = True
            assert queue.call(log.append, 2 * turn) and queue.call(log.append, 2 * turn + 1)
            port.handles = False
            unlock()
            await rtos.sleep_ms(1)
            assert log == list(range(2 * turn + 2)), log
        # One that the loop above has counted itself, a turn.
        assert posts_lost() == before + 3 and len(posted) == 3 * 64

    rtos.run(main, port=port)


# ---- background() and chain()


def test_background():
    async def main():
        log = []
        told = []
        queue = rtos.EventQueue()
        queue.background(told.append)
        assert told == [None]
        queue.call_in(20, log.append, 1)
        assert told[1:] == [0]
        queue.dispatch_once()
        assert told[2:] == [20]
        await rtos.sleep_ms(20)
        queue.dispatch_once()
        assert told[3:] == [None] and log == [1]
        id = queue.call_in(5, log.append, 2)
        queue.dispatch_once()
        queue.cancel(id)
        assert told[4:] == [0, 5, 0]
        queue.dispatch_once()
        assert told[7:] == [None]
        queue.background(None)
        assert told[8:] == [None]
        queue.call(log.append, 3)
        assert len(told) == 9

    run_main(main)


def test_chain():
    async def main():
        log = []
        target = rtos.EventQueue(8)
        inner = rtos.EventQueue()
        began = inner.tick()
        inner.call(log.append, "before")
        inner.chain(target)
        rtos.Thread(target.dispatch_forever).start()
        await rtos.sleep_ms(1)

        async def handler():
            await rtos.sleep_ms(1)
            log.append(inner.tick() - began)

        inner.call_every(10, handler)
        for n in range(20):
            assert inner.call(log.append, n)
        target.call(log.append, "target")
        await rtos.sleep_ms(35)
        assert log == ["before"] + list(range(20)) + ["target", 12, 22, 32], log
        assert target.dropped == 0
        inner.chain(None)
        await rtos.sleep_ms(35)
        assert len(log) == 25
        inner.dispatch_once()
        assert len(log) == 25  # the handler is async: reported

    run_main(main)


def test_chain_to_a_target_without_a_free_place():
    async def main():
        log = []
        target = rtos.EventQueue(2)
        inner = rtos.EventQueue()
        inner.chain(target)
        target.call(log.append, "target")
        target.call(log.append, "target")
        inner.call(log.append, "now")
        inner.call_in(10, log.append, "later")
        rtos.Thread(target.dispatch_forever).start()
        await rtos.sleep_ms(5)
        assert log == ["target", "target", "now"], log
        # Nobody but the alarm tells the target of what is due, and it is full again then.
        target.call_in(20, log.append, "last")
        target.call_in(20, log.append, "last")
        await rtos.sleep_ms(10)
        assert log[3:] == ["later"], log
        await rtos.sleep_ms(20)
        assert log[4:] == ["last", "last"] and target.dropped == 0

    run_main(main)


def test_chain_to_another_target():
    async def main():
        log = []
        first, second = rtos.EventQueue(1), rtos.EventQueue(1)
        for target in (first, second):
            rtos.Thread(target.dispatch_forever).start()
        inner = rtos.EventQueue()
        inner.call_in(10, log.append, 1)
        inner.chain(first)
        await rtos.sleep_ms(1)
        inner.chain(second)
        await rtos.sleep_ms(10)
        assert log == [1]
        inner.call(log.append, 2)
        inner.chain(None)
        inner.call(log.append, 3)
        await rtos.sleep_ms(10)
        assert log == [1], log
        inner.chain(first)
        await rtos.sleep_ms(1)
        assert log == [1, 2, 3] and first.dropped == second.dropped == 0

    run_main(main)


# ---- Event, UserEvent


def test_event():
    async def main():
        log = []
        queue = rtos.EventQueue(4)
        began = queue.tick()
        event = rtos.Event(queue, lambda *what: log.append((what, queue.tick() - began)), "bound")
        assert (event.delay_ms(), event.period_ms()) == (0, 0)
        assert event.delay_ms(10) == 10
        first = event.post()
        second = event(1, 2)
        assert first and second and first != second
        assert event.cancel() and queue.time_left(first) == 10 and queue.time_left(second) == -1
        event.post(3)
        await queue.dispatch(20)
        assert log == [(("bound",), 10), (("bound", 3), 10)]
        del log[:]
        event.period_ms(5)
        event.post()
        await queue.dispatch(21)
        assert event.cancel() and not event.cancel()
        await queue.dispatch(20)
        assert log == [(("bound",), when) for when in (30, 35, 40)]
        raises(ValueError, event.delay_ms, -1)
        raises(ValueError, event.period_ms, 2**29)
        raises(TypeError, rtos.Event, queue, None)

    run_main(main)


def test_user_event():
    async def main():
        log = []
        queue = rtos.EventQueue(0)
        events = [rtos.UserEvent(queue, log.append, n) for n in range(5)]
        for _ in range(3):
            for event in events:
                assert event.post()
                assert not event.post()
            await queue.dispatch(0)
        assert log == list(range(5)) * 3
        del log[:]
        assert events[0].post() and events[0].cancel() and not events[0].cancel()
        assert events[1].post()
        await queue.dispatch(0)
        assert log == [1] and not events[1].cancel()
        events[2].delay_ms(10)
        events[2].post()
        events[3].period_ms(4)
        events[3].post()
        await queue.dispatch(9)
        assert log == [1, 3, 3, 3]
        assert not events[3].post() and events[3].cancel()
        await queue.dispatch(9)
        assert log == [1, 3, 3, 3, 2] and events[3].post()

    run_main(main)


def test_a_user_event_posts_itself_in_its_handler():
    async def main():
        queue = rtos.EventQueue(0)
        log = []

        def handler():
            log.append(queue.tick())
            if len(log) < 5:
                assert event.post()

        event = rtos.UserEvent(queue, handler)
        event.delay_ms(3)
        event.post()
        began = queue.tick()
        await queue.dispatch(100)
        assert log == list(range(began + 3, began + 18, 3))

    run_main(main)


def test_user_events_made_while_others_wait():
    async def main():
        log = []
        queue = rtos.EventQueue(2)

        def handler(n):
            log.append(n)
            if n < 20:
                rtos.UserEvent(queue, handler, n + 1).post()

        queue.call(handler, 0)
        queue.call(log.append, "a")
        await queue.dispatch(1)
        assert log == [0, "a"] + list(range(1, 21))

    run_main(main)


def test_shared_queues():
    async def main():
        log = []
        normal = rtos.event_queue()
        high = rtos.highprio_event_queue()
        assert normal is rtos.event_queue() and high is rtos.highprio_event_queue()
        normal.call(lambda: log.append(rtos.this_thread().priority()))
        high.call(lambda: log.append(rtos.this_thread().priority()))
        await rtos.sleep_ms(1)
        return log

    for _ in range(2):  # the second kernel has other threads
        assert run_main(main) == [rtos.HIGH, rtos.NORMAL]


# ---- Memory


def test_nothing_is_allocated():
    """Delays are in tests/emulator/test_rtos_events.py: the alarm of board host allocates."""

    def handler():
        pass

    def handler_of_one(_):
        pass

    async def main():
        queue = rtos.EventQueue(4)
        user = rtos.UserEvent(queue, handler_of_one, 7)
        event = rtos.Event(queue, handler_of_one, 1)
        rtos.Thread(queue.dispatch_forever).start()
        await rtos.sleep_ms(1)

        async def rounds(count):
            for _ in range(count):
                assert queue.call(handler)
                assert queue.call(handler_of_one, 1)
                assert queue.cancel(queue.call(handler))
                assert user.post()
                assert event.post()
                await rtos.yield_()
                await rtos.yield_()

        await rounds(20)
        work = rounds(1000)
        if MICROPYTHON:
            micropython.heap_lock()
        try:
            await work
        finally:
            if MICROPYTHON:
                micropython.heap_unlock()

    run_main(main)
