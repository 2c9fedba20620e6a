"""rtos.Timer."""

import rtos
from rtos.core import now
from support import raises, run_main


def test_once():
    async def main():
        calls = []
        timer = rtos.Timer(lambda: calls.append(now()), name="once")
        assert timer.remaining_ms() is None and "stopped" in repr(timer)
        start = now()
        timer.start(30)
        assert timer.remaining_ms() == 30 and "'once' in 30 ms" in repr(timer)
        await rtos.sleep_ms(10)
        assert timer.remaining_ms() == 20
        await rtos.sleep_ms(200)
        assert calls == [start + 30]
        assert timer.remaining_ms() is None
        timer.start(5)
        await rtos.sleep_ms(10)
        assert len(calls) == 2

    run_main(main)


def test_periodic_without_drift():
    async def main():
        calls = []

        async def slow():
            calls.append(now() - start)
            await rtos.sleep_ms(7)

        timer = rtos.Timer(slow)
        start = now()
        timer.start(10, periodic=True)
        assert "every 10 ms" in repr(timer)
        await rtos.sleep_ms(55)
        timer.stop()
        await rtos.sleep_ms(100)
        assert calls == [10, 20, 30, 40, 50] and timer.missed == 0, calls

    run_main(main)


def test_missed_periods_are_skipped():
    async def main():
        calls = []

        async def slow():
            calls.append(now() - start)
            await rtos.sleep_ms(25)

        timer = rtos.Timer(slow)
        start = now()
        timer.start(10, periodic=True)
        await rtos.sleep_ms(100)
        timer.stop()
        # The function ends at 35: 20 and 30 have passed, 30 is called late, and so on.
        assert calls == [10, 35, 60, 85], calls
        assert timer.missed == 1 + 2 + 1, timer.missed

    run_main(main)


def test_started_anew():
    async def main():
        calls = []
        start = now()
        timer = rtos.Timer(lambda: calls.append(now() - start))
        timer.start(50)
        await rtos.sleep_ms(40)
        timer.start(50)  # later
        await rtos.sleep_ms(40)
        assert calls == []
        timer.start(5)  # sooner
        await rtos.sleep_ms(40)
        assert calls == [85]
        timer.start(50)
        timer.stop()
        await rtos.sleep_ms(100)
        assert calls == [85]

    run_main(main)


def test_in_its_own_function():
    async def main():
        calls = []

        def again():
            calls.append(now() - start)
            if len(calls) < 3:
                timer.start(10 * len(calls))

        def stop():
            calls.append("periodic")
            periodic.stop()

        start = now()
        timer = rtos.Timer(again)
        periodic = rtos.Timer(stop)
        timer.start(10)
        await rtos.sleep_ms(100)
        assert calls == [10, 20, 40], calls
        periodic.start(10, periodic=True)
        await rtos.sleep_ms(100)
        assert calls[3:] == ["periodic"]

    run_main(main)


def test_a_start_does_not_end_what_the_function_waits_for():
    async def main():
        calls = []

        async def function():
            await rtos.sleep_ms(30)
            calls.append(now() - start)

        start = now()
        timer = rtos.Timer(function)
        timer.start(10)
        await rtos.sleep_ms(20)
        timer.start(1)
        await rtos.sleep_ms(100)
        assert calls == [40, 70], calls

    run_main(main)


def test_arguments_and_thread():
    async def main():
        calls = []

        def function(*args):
            calls.append((args, rtos.this_thread().name, rtos.this_thread().priority()))

        for args in ((), (1,), (1, "b", None)):
            rtos.Timer(function, *args, priority=rtos.LOW, name="t").start(1)
        rtos.Timer(function).start(1)
        await rtos.sleep_ms(5)
        names = [(call[0], call[2]) for call in calls]
        assert names == [((), rtos.HIGH), ((), 8), ((1,), 8), ((1, "b", None), 8)], names
        assert [call[1] for call in calls] == ["function", "t", "t", "t"]

    run_main(main)


def test_a_failing_function_stops_its_timer():
    async def main():
        calls = []

        def fail():
            calls.append(1)
            raise ValueError("on purpose")

        timer = rtos.Timer(fail, name="bad")
        timer.start(10, periodic=True)
        await rtos.sleep_ms(100)
        assert calls == [1] and timer.remaining_ms() is None
        timer.start(10)  # it can be started again
        await rtos.sleep_ms(100)
        assert calls == [1, 1]

    run_main(main)


def test_across_the_wrap_of_the_clock():
    async def main():
        calls = []
        timer = rtos.Timer(lambda: calls.append(1))
        timer.start(10, periodic=True)
        await rtos.sleep_ms(105)
        timer.stop()
        assert len(calls) == 10, calls

    for start_ms in ((1 << 30) - 50, (1 << 29) - 50, (1 << 32) - 50, (1 << 31) - 50):
        rtos.run(main, port=rtos.VirtualPort(start_ms))


def test_in_the_next_kernel():
    calls = []

    async def main():
        timer.start(10, periodic=True)
        await rtos.sleep_ms(25)

    timer = rtos.Timer(lambda: calls.append(1))
    run_main(main)
    run_main(main)
    assert len(calls) == 4, calls


def test_misuse():
    async def main():
        raises(TypeError, rtos.Timer, 5)
        timer = rtos.Timer(print)
        for period_ms in (0, -1, 1 << 29, 1.5, None):
            raises(ValueError, timer.start, period_ms)
        timer.stop()
        assert timer.remaining_ms() is None

    run_main(main)
