"""rtos.Condition."""

import rtos
from support import raises, run_main, times_out


def test_notify_wakes_by_priority():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        woken = []

        async def wait(name):
            async with mutex:
                await condition.wait()
                assert mutex.owner is rtos.this_thread()
                woken.append(name)

        rtos.Thread(wait, "low", priority=rtos.LOW).start()
        rtos.Thread(wait, "first").start()
        rtos.Thread(wait, "second").start()
        rtos.Thread(wait, "high", priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        for expected in (["high"], ["high", "first"], ["high", "first", "second", "low"]):
            async with mutex:
                condition.notify(1 if len(expected) < 3 else 2)
                await rtos.sleep_ms(1)
                assert woken == expected[:-1] or len(expected) == 4  # not before the mutex is free
            await rtos.sleep_ms(1)
            assert woken == expected, woken
        async with mutex:
            condition.notify()  # nobody waits
            condition.notify_all()

    run_main(main)


def test_notify_all():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        inside = []

        async def wait():
            async with mutex:
                await condition.wait()
                inside.append(1)
                await rtos.sleep_ms(1)
                assert len(inside) == 1  # one at a time
                inside.pop()

        threads = [rtos.Thread(wait).start() for _ in range(5)]
        await rtos.sleep_ms(1)
        async with mutex:
            condition.notify_all()
        for thread in threads:
            await thread.join()

    run_main(main)


def test_time_out_has_the_mutex_again():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        me = rtos.this_thread()

        async def hold():
            async with mutex:
                await rtos.sleep_ms(50)

        await mutex.acquire()
        await times_out(condition.wait(0))
        assert mutex.owner is me
        await times_out(condition.wait(20))
        assert mutex.owner is me
        rtos.Thread(hold, priority=rtos.HIGH).start()
        await times_out(condition.wait(20))  # held by the other until 50
        assert mutex.owner is me
        mutex.release()

    run_main(main)


def test_wait_for():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        items = []

        async def produce():
            for item in (1, 2, 3):
                await rtos.sleep_ms(10)
                async with mutex:
                    items.append(item)
                    condition.notify_all()

        rtos.Thread(produce).start()
        async with mutex:
            assert await condition.wait_for(lambda: len(items) == 2 and "two", 100) == "two"
            await times_out(condition.wait_for(lambda: len(items) == 4, 100))
            assert len(items) == 3
            assert await condition.wait_for(lambda: True, 0) is True
            await times_out(condition.wait_for(lambda: False, 0))

    run_main(main)


def test_terminated_at_each_stage():
    """It owns the mutex when its finally clause runs, and no notification is lost with it."""

    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        woken = []

        async def wait(name):
            async with mutex:
                try:
                    await condition.wait()
                finally:
                    assert mutex.owner is rtos.this_thread()
                woken.append(name)

        def waiting(name):
            return rtos.Thread(wait, name, name=name).start()

        # While it waits for the notification.
        first, second = waiting("first"), waiting("second")
        await rtos.sleep_ms(1)
        first.terminate()
        await first.join()
        async with mutex:
            condition.notify()
        await second.join()
        assert woken == ["second"]

        # Notified, but not running yet; and while it waits for the mutex.
        for settle in (False, True):
            del woken[:]
            first, second = waiting("first"), waiting("second")
            await rtos.sleep_ms(1)
            async with mutex:
                condition.notify()
                if settle:
                    await rtos.sleep_ms(1)
                first.terminate()
                await rtos.sleep_ms(1)
            await second.join(100)
            await first.join(100)
            assert woken == ["second"], (woken, settle)
        assert mutex.owner is None

    run_main(main)


def test_terminated_while_the_mutex_is_held():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        ended = []

        async def wait():
            async with mutex:
                try:
                    await condition.wait(10)
                finally:
                    ended.append(mutex.owner is rtos.this_thread())

        thread = rtos.Thread(wait).start()
        await rtos.sleep_ms(1)
        async with mutex:
            await rtos.sleep_ms(20)  # its time is up, it waits for the mutex
            thread.terminate()
            await rtos.sleep_ms(1)
            assert not ended
        await thread.join()
        assert ended == [True] and mutex.owner is None

    run_main(main)


def test_misuse():
    async def main():
        mutex = rtos.Mutex()
        condition = rtos.Condition(mutex)
        raises(RuntimeError, condition.notify)
        raises(RuntimeError, condition.notify_all)

        async def wait(*args):
            await condition.wait(*args)

        async def refused(kind, *args):
            try:
                await wait(*args)
            except kind as error:
                return str(error)
            raise AssertionError("not refused")

        assert "owner" in await refused(RuntimeError)
        async with mutex:
            async with mutex:
                assert "once" in await refused(RuntimeError)
                mutex.release()
                assert mutex.owner is rtos.this_thread()
                await mutex.acquire()
            await refused(ValueError, -1)
            assert mutex.owner is rtos.this_thread()
        assert mutex.owner is None
        await rtos.sleep_ms(1)

    run_main(main)
