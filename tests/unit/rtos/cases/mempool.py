"""rtos.MemoryPool and rtos.Mail."""

import rtos
from support import MICROPYTHON, raises, run_main, times_out


def test_blocks():
    async def main():
        pool = rtos.MemoryPool(3, 8)
        blocks = [pool.alloc_nowait(), await pool.alloc(), await pool.alloc(10)]
        for number in range(3):
            assert len(blocks[number]) == 8
            blocks[number][0] = number
        assert [block[0] for block in blocks] == [0, 1, 2]
        assert pool.alloc_nowait() is None and pool.free_blocks() == 0
        pool.free(blocks[1])
        assert pool.free_blocks() == 1
        assert (await pool.alloc()) is blocks[1]

    run_main(main)


def test_more_blocks_than_one_word_has_bits():
    async def main():
        pool = rtos.MemoryPool(95, 1)
        blocks = []
        while pool.free_blocks():
            blocks.append(pool.alloc_nowait())
        assert len(blocks) == 95 and len({id(block) for block in blocks}) == 95
        assert pool.alloc_nowait() is None
        for block in blocks:
            pool.free(block)
        assert pool.free_blocks() == 95

    run_main(main)


def test_foreign_and_free_blocks():
    async def main():
        pool = rtos.MemoryPool(2, 4)
        other = rtos.MemoryPool(2, 4)
        block = await pool.alloc()
        for wrong in (bytearray(4), block[:], memoryview(block), None, other.alloc_nowait()):
            raises(ValueError, pool.free, wrong)
        pool.free(block)
        raises(ValueError, pool.free, block)
        assert pool.free_blocks() == 2
        for count, size in ((0, 1), (1, 0), (-1, 5), (2.5, 4), ("2", 4)):
            raises(ValueError, rtos.MemoryPool, count, size)

    run_main(main)


def test_alloc_waits():
    async def main():
        pool = rtos.MemoryPool(1, 4)
        block = await pool.alloc()
        await times_out(pool.alloc(0))
        await times_out(pool.alloc(20))
        raises(ValueError, pool.alloc, -1)
        got = []

        async def alloc(name):
            assert await pool.alloc() is block
            got.append(name)
            await rtos.sleep_ms(1)
            pool.free(block)

        rtos.Thread(alloc, "low", priority=rtos.LOW).start()
        rtos.Thread(alloc, "first").start()
        rtos.Thread(alloc, "second").start()
        rtos.Thread(alloc, "high", priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        assert got == []
        pool.free(block)
        await rtos.sleep_ms(20)
        assert got == ["high", "first", "second", "low"], got
        assert pool.free_blocks() == 1

    run_main(main)


def test_a_block_is_not_lost_with_a_thread():
    async def main():
        pool = rtos.MemoryPool(1, 4)
        got = []

        async def alloc():
            block = await pool.alloc()
            try:
                got.append(block)
                await rtos.sleep_ms(1000)
            finally:
                pool.free(block)

        for served_first in (False, True):
            block = await pool.alloc()
            thread = rtos.Thread(alloc).start()
            await rtos.sleep_ms(1)
            if served_first:
                pool.free(block)
            thread.terminate()
            if not served_first:
                pool.free(block)
            await thread.join()
            assert pool.free_blocks() == 1, served_first
        assert len(got) == 1

    run_main(main)


def test_a_block_is_not_lost_with_a_doomed_thread():
    async def main():
        pool = rtos.MemoryPool(1, 4)

        async def alloc():
            await rtos.sleep_ms(0)
            block = await pool.alloc()
            try:
                await rtos.sleep_ms(1000)
            finally:
                pool.free(block)

        thread = rtos.Thread(alloc, priority=rtos.NORMAL + 1).start()
        await rtos.sleep_ms(1)
        thread = rtos.Thread(alloc).start()
        await rtos.yield_()
        assert thread.state() == "ready"
        thread.terminate()
        await thread.join()
        await rtos.sleep_ms(1000)
        assert pool.free_blocks() == 1

    run_main(main)


def test_freed_with_the_kernel_locked():
    async def main():
        pool = rtos.MemoryPool(1, 4)
        block = await pool.alloc()
        got = []

        async def alloc():
            got.append(await pool.alloc())

        rtos.Thread(alloc).start()
        await rtos.sleep_ms(1)
        rtos.lock()
        pool.free(block)
        rtos.unlock()
        await rtos.sleep_ms(1)
        assert got == [block]

    run_main(main)


def test_pool_allocates_nothing():
    if not MICROPYTHON:
        return
    from micropython import heap_lock, heap_unlock

    async def main():
        pool = rtos.MemoryPool(40, 4)
        heap_lock()
        try:
            for _ in range(1000):
                pool.free(pool.alloc_nowait())
        finally:
            heap_unlock()

    run_main(main)


# ---- Mail


def test_mail_is_zero_copy_and_in_order():
    async def main():
        mail = rtos.Mail(3, 16)
        sent = []
        for number, priority in ((1, 0), (2, 5), (3, 0)):
            block = await mail.alloc()
            block[0] = number
            sent.append(block)
            assert mail.put(block, priority)
        assert mail.full() and mail.alloc_nowait() is None
        for number in (2, 1, 3):
            block = await mail.get()
            assert block[0] == number and block is sent[number - 1]
            mail.free(block)
        assert mail.empty() and not mail.full() and mail.get_nowait() is None

    run_main(main)


def test_mail_waits_at_both_ends():
    async def main():
        mail = rtos.Mail(2, 4)
        got = []

        async def receive():
            while True:
                block = await mail.get()
                await rtos.sleep_ms(5)
                got.append(block[0])
                mail.free(block)

        receiver = rtos.Thread(receive).start()
        for number in range(10):
            block = await mail.alloc(100)
            block[0] = number
            mail.put(block)
        await rtos.sleep_ms(100)
        assert got == list(range(10)), got
        receiver.terminate()
        await times_out(mail.get(3))
        await mail.alloc()
        await mail.alloc()
        await times_out(mail.alloc(3))

    run_main(main)


def test_mail_misuse():
    async def main():
        mail = rtos.Mail(2, 4)
        other = rtos.Mail(2, 4)
        block = await mail.alloc()
        raises(ValueError, mail.put, bytearray(4))
        raises(ValueError, mail.put, other.alloc_nowait())
        raises(ValueError, mail.put, block, 256)
        assert mail.put(block)
        assert await mail.get() is block
        mail.free(block)
        raises(ValueError, mail.free, block)
        raises(ValueError, mail.put, block)
        assert mail.empty()

    run_main(main)
