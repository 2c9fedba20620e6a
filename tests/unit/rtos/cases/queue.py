# platforms: cpython host-stock host-native mps2-stock
"""rtos.Queue."""

import rtos
from rtos.core import LEVELS_NEST, lock, post, unlock
from support import raises, run_main, times_out

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython
    heap_lock = heap_unlock = None


def drain(queue):
    items = []
    while not queue.empty():
        items.append(queue.get_nowait())
    return items


def test_first_in_first_out():
    async def main():
        queue = rtos.Queue(3)
        for turn in range(5):
            for i in range(3):
                await queue.put(10 * turn + i)
            assert queue.full() and queue.qsize() == 3
            for i in range(3):
                assert await queue.get() == 10 * turn + i
            assert queue.empty() and not queue.full() and queue.qsize() == 0

    run_main(main)


def test_none_is_an_item():
    async def main():
        queue = rtos.Queue(2)
        await queue.put(None)
        await queue.put(None, 3)
        assert queue.qsize() == 2
        assert queue.get_nowait("nothing") is None
        assert await queue.get() is None

    run_main(main)


def test_priorities():
    async def main():
        queue = rtos.Queue(9)
        for item, priority in (
            ("a0", 0),
            ("b7", 7),
            ("c0", 0),
            ("d255", 255),
            ("e7", 7),
            ("f1", 1),
            ("g7", 7),
            ("h0", 0),
            ("i255", 255),
        ):
            await queue.put(item, priority)
        assert drain(queue) == ["d255", "i255", "b7", "e7", "g7", "f1", "a0", "c0", "h0"]

    run_main(main)


def test_priorities_like_a_model():
    async def main():
        seed = 12345
        queue = rtos.Queue(8)
        model = []
        for number in range(600):
            seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
            if seed >> 8 & 1 and len(model) < 8:
                priority = (0, 0, 3, 200)[seed >> 10 & 3]
                assert queue.put_nowait(number, priority)
                at = len(model)
                while at and model[at - 1][0] < priority:
                    at -= 1
                model.insert(at, (priority, number))
            elif model:
                assert await queue.get() == model.pop(0)[1], (number, seed)
            assert queue.qsize() == len(model)

    run_main(main)


def test_get_waits():
    async def main():
        queue = rtos.Queue(1)
        got = []

        async def get(name):
            got.append((name, await queue.get()))

        rtos.Thread(get, "low", priority=rtos.LOW).start()
        rtos.Thread(get, "first").start()
        rtos.Thread(get, "second").start()
        rtos.Thread(get, "high", priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        for item in range(4):
            await queue.put(item)
        await rtos.sleep_ms(1)
        assert got == [("high", 0), ("first", 1), ("second", 2), ("low", 3)], got
        assert queue.empty()

    run_main(main)


def test_put_waits():
    async def main():
        queue = rtos.Queue(1)
        done = []

        async def put(item, priority):
            await queue.put(item, priority)
            done.append(item)

        await queue.put("there")
        rtos.Thread(put, "low", 0, priority=rtos.LOW).start()
        rtos.Thread(put, "plain", 0).start()
        rtos.Thread(put, "urgent", 9).start()
        await rtos.sleep_ms(1)
        assert done == [] and queue.qsize() == 1
        # Each get lets in one, by the priority of the thread.
        assert await queue.get() == "there"
        assert queue.full()
        await rtos.yield_()
        assert done == ["plain"], done
        for item in ("plain", "urgent", "low"):
            assert await queue.get() == item
        await rtos.sleep_ms(1)
        assert done == ["plain", "urgent", "low"] and queue.empty()

    run_main(main)


def test_an_urgent_item_that_waited_goes_first():
    async def main():
        queue = rtos.Queue(2)

        async def put(item, priority):
            await queue.put(item, priority)

        await queue.put("a")
        await queue.put("b")
        rtos.Thread(put, "c", 5).start()
        await rtos.sleep_ms(1)
        assert await queue.get() == "a"
        assert await queue.get() == "c"
        assert await queue.get() == "b"

    run_main(main)


def test_time_outs():
    async def main():
        queue = rtos.Queue(1)
        await times_out(queue.get(0))
        await times_out(queue.get(20))
        await times_out(queue.get(timeout_ms=20))
        await queue.put(1, 0, 20)
        await times_out(queue.put(2, timeout_ms=0))
        await times_out(queue.put(2, 1, 20))
        assert await queue.get() == 1 and queue.empty()

    run_main(main)


def test_an_item_in_time():
    async def main():
        queue = rtos.Queue(1)

        async def later():
            await rtos.sleep_ms(10)
            await queue.put("x")
            await queue.put("y")

        rtos.Thread(later).start()
        assert await queue.get(11) == "x"
        await rtos.sleep_ms(1)
        await times_out(queue.put("z", timeout_ms=5))
        assert await queue.get() == "y"

    run_main(main)


def test_terminated_while_waiting():
    async def main():
        queue = rtos.Queue(1)
        ended = []

        async def get():
            try:
                await queue.get()
            finally:
                ended.append("get")

        async def put():
            try:
                await queue.put("lost")
            finally:
                ended.append("put")

        thread = rtos.Thread(get).start()
        await rtos.sleep_ms(1)
        thread.terminate()
        await thread.join()
        await queue.put("kept")
        assert await queue.get() == "kept"

        await queue.put("first")
        thread = rtos.Thread(put).start()
        await rtos.sleep_ms(1)
        thread.terminate()
        await thread.join()
        assert await queue.get() == "first" and queue.empty()
        assert ended == ["get", "put"]

    run_main(main)


def test_terminated_when_served():
    """Whoever was handed an item before it was terminated gets it; nothing is lost."""

    async def main():
        queue = rtos.Queue(1)
        got = []

        async def get():
            got.append(await queue.get())
            await rtos.sleep_ms(0)
            got.append("not ended")

        thread = rtos.Thread(get).start()
        await rtos.sleep_ms(1)
        await queue.put("x")
        thread.terminate()
        await thread.join()
        assert got == ["x"] and queue.empty(), got

        async def put():
            await queue.put("z")
            got.append("put")
            await rtos.sleep_ms(0)
            got.append("not ended")

        del got[:]
        await queue.put("y")
        thread = rtos.Thread(put).start()
        await rtos.sleep_ms(1)
        assert await queue.get() == "y"
        thread.terminate()
        await thread.join()
        assert got == ["put"], got
        assert await queue.get() == "z"

    run_main(main)


def test_nowait():
    async def main():
        queue = rtos.Queue(2)
        assert queue.get_nowait() is None
        assert queue.get_nowait(7) == 7
        assert queue.put_nowait("a") is True
        assert queue.put_nowait("b", 1) is True
        assert queue.put_nowait("c") is False
        assert queue.put_nowait("d", 1) is False
        assert queue.dropped == 2
        assert queue.get_nowait() == "b" and queue.get_nowait() == "a"

    run_main(main)


def test_nowait_serves_those_who_wait():
    async def main():
        queue = rtos.Queue(1)
        got = []

        async def get():
            got.append(await queue.get())

        rtos.Thread(get).start()
        await rtos.sleep_ms(1)
        assert queue.put_nowait("x") and queue.put_nowait("y")
        await rtos.sleep_ms(1)
        assert got == ["x"] and queue.qsize() == 1

        async def put():
            await queue.put("z")
            got.append("put")

        rtos.Thread(put).start()
        await rtos.sleep_ms(1)
        assert queue.get_nowait() == "y"
        await rtos.sleep_ms(1)
        assert got == ["x", "put"] and queue.get_nowait() == "z"

    run_main(main)


def test_nowait_with_the_kernel_locked():
    async def main():
        queue = rtos.Queue(4)
        rtos.lock()
        try:
            for item in range(3):
                assert queue.put_nowait(item)
            assert queue.put_nowait("urgent", 1)
            assert not queue.put_nowait("too many")
        finally:
            rtos.unlock()
        await rtos.sleep_ms(1)
        assert queue.dropped == 1
        assert drain(queue) == ["urgent", 0, 1, 2]

    run_main(main)


def test_misuse():
    async def main():
        queue = rtos.Queue(1)
        for size in (0, -1, 1.5, None):
            raises(ValueError, rtos.Queue, size)
        for priority in (-1, 256, "high"):
            raises(ValueError, queue.put, 1, priority)
            raises(ValueError, queue.put_nowait, 1, priority)
        for timeout_ms in (-1, 1 << 30, "soon"):
            raises(ValueError, queue.get, timeout_ms)
        await queue.put(1)
        raises(ValueError, queue.put, 1, 0, -1)
        queue.get()  # not awaited
        error = raises(RuntimeError, queue.get)
        assert "not awaited" in str(error), error
        # The kernel is not locked, and the queue works.
        await queue.put(2)
        assert await queue.get() == 2

    run_main(main)


def test_no_allocation():
    if heap_lock is None:
        return

    async def main():
        queue = rtos.Queue(2)
        there = rtos.Queue(1)
        back = rtos.Queue(1)

        async def uncontended():
            for _ in range(1000):
                await queue.put(1)
                await queue.put(2)
                queue.put_nowait(3)
                await queue.get()
                await queue.get()

        async def prioritised():
            for _ in range(1000):
                queue.put_nowait(2, 3)
                queue.put_nowait(1, 4)
                queue.get_nowait()
                queue.get_nowait()

        async def answer():
            for _ in range(1000):
                await there.get()
                await back.put(1)

        async def ask():
            thread = rtos.Thread(answer).start()
            await rtos.yield_()
            heap_lock()
            try:
                for _ in range(1000):
                    await there.put(1)
                    await back.get()
            finally:
                heap_unlock()
            await thread.join()

        works = (uncontended(), prioritised()) if LEVELS_NEST else (prioritised(),)
        for work in works:
            heap_lock()
            try:
                await work
            finally:
                heap_unlock()
        if LEVELS_NEST:  # else a value that is handed over costs an exception
            await ask()

    run_main(main)


def test_items_of_handlers_while_the_posts_of_others_take_all_room():
    class Port(rtos.VirtualPort):
        handles = False

        def in_isr(self):
            return self.handles

    port = Port()

    async def main():
        log = []
        queue = rtos.Queue(4)

        async def takes():
            while True:
                log.append(await queue.get())

        rtos.Thread(takes, priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        lock()
        while post(lambda _, __: None, None):
            pass
        port.handles = True
        assert queue.put_nowait(1) and queue.put_nowait(2)
        port.handles = False
        unlock()
        await rtos.sleep_ms(1)
        assert log == [1, 2], log

    rtos.run(main, port=port)
