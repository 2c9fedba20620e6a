"""Tasks of asyncio, preempted at a branch by a thread that posts whatever there is to post.

For the first branches and RUNS others, chosen by SEED, of the whole program: the tasks', asyncio's
own, the kernel's.
"""

import asyncio
import io
import random

import host
import rtos

SEED, RUNS = 1, 60


class Pipe(io.IOBase):
    """A stream that can be read now and then."""

    def __init__(self):
        self.turn = 0
        self.data = b"one\ntwo\n"

    def ioctl(self, request, flags):
        if request != 3:
            return -1
        self.turn += 1
        return flags if self.turn % 3 == 0 else 0

    def readline(self):
        line, self.data = self.data[:4], self.data[4:]
        return line

    def read(self, n):
        data, self.data = self.data[:n], self.data[n:]
        return data


class Program:
    def __init__(self):
        self.event = asyncio.Event()
        self.gate = asyncio.Event()
        self.lock = asyncio.Lock()
        self.flag = asyncio.ThreadSafeFlag()
        self.semaphore = rtos.Semaphore(0)
        self.mutex = rtos.Mutex()
        self.knock = rtos.Semaphore(0)
        self.log = []
        self.order = []
        self.knocks = 0
        self.inside = 0

    # ---- asyncio's side

    async def locked(self, n):
        for _ in range(2):
            async with self.lock:
                self.inside += 1
                assert self.inside == 1
                await asyncio.sleep_ms(0)
                self.inside -= 1
        return n

    async def late(self):
        try:
            await asyncio.wait_for_ms(self.gate.wait(), 2)
            return "opened"
        except asyncio.core.TimeoutError:
            return "timeout"

    async def lines(self):
        reader = asyncio.StreamReader(Pipe())
        return [await reader.readline(), await reader.readline()]

    async def victim(self):
        try:
            await self.event.wait()
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            return "cancelled"

    async def borrower(self):
        for _ in range(2):
            async with self.mutex:
                await asyncio.sleep_ms(0)
        await self.semaphore.acquire()
        return "acquired"

    async def posted(self, n):
        self.order.append(n)
        return n

    async def flagged(self):
        await self.flag.wait()
        return "flag"

    async def tasks(self):
        others = [asyncio.create_task(f()) for f in (self.borrower, self.victim, self.flagged)]
        self.victims.append(others[1])
        results = await asyncio.gather(
            self.locked(1), self.locked(2), self.late(), self.lines(), self.event.wait()
        )
        assert results[:2] == [1, 2] and results[3:] == [[b"one\n", b"two\n"], True], results
        assert results[2] in ("opened", "timeout"), results
        assert await others[0] == "acquired"
        assert await others[2] == "flag"
        assert await others[1] == "cancelled"

    # ---- The threads'

    async def intruder(self):
        """Comes on top of whatever runs."""
        await self.knock.acquire()
        try:
            print(asyncio.core.cur_task)
            raise AssertionError
        except RuntimeError:
            pass
        created = [asyncio.create_task(self.posted(n)) for n in range(3)]
        self.event.set()
        self.gate.set()
        dropped = asyncio.create_task(self.victim())
        assert dropped.cancel()
        self.flag.set()
        self.semaphore.release()
        for wrong in (asyncio.sleep(1), self.gate.wait() if not self.gate.is_set() else None):
            try:
                if wrong is not None:
                    await wrong
                    raise AssertionError
            except RuntimeError:
                pass
        async with self.mutex:
            await rtos.yield_()
        assert await rtos.aio(self.posted(3)) == 3
        for n in range(3):
            assert await created[n] == n
        try:
            await dropped
            raise AssertionError
        except asyncio.CancelledError:
            pass

        async def cancel():
            self.victims[0].cancel()

        while not self.victims:
            await rtos.sleep_ms(1)
        await rtos.aio(cancel())
        assert self.order == [0, 1, 2, 3], self.order
        self.log.append("intruder")

    async def main(self):
        self.victims = []
        rtos.Thread(self.intruder, priority=rtos.HIGH).start()
        low = rtos.Thread(self.low, priority=rtos.LOW).start()
        await rtos.aio(self.tasks(), timeout_ms=5000)
        self.knock.release()  # if the program ended before branch n
        await low.join()
        while not self.log:
            await rtos.sleep_ms(1)

    async def low(self):
        for n in range(3):
            assert await rtos.aio(self.posted_low(n)) == n

    async def posted_low(self, n):
        await asyncio.sleep_ms(0)
        return n


def play(n, hard):
    program = Program()

    def knock(_):
        program.knock.release()

    async def main():
        thread = rtos.this_thread()
        thread.reported = True
        host.branches(0)
        if n:
            host.preempt_at(n, knock, hard)
        else:
            program.knock.release()
        await program.main()

    if n:
        # Until the intruder has come nobody sets the event: another thread sees to that.
        async def patience():
            await rtos.sleep_ms(20)
            program.knock.release()

        async def both():
            rtos.Thread(patience, priority=rtos.LOW).start()
            await main()

        rtos.run(both)
    else:
        rtos.run(main)
    branches = host.branches(None)
    host.preempt_at(0)
    return branches


total = play(0, False)
print("branches", total, "seed", SEED)
random.seed(SEED)
# All of those at which asyncio's thread is started, and others.
places = list(range(1, 101))
places += [random.randrange(101, total + total // 4) for _ in range(RUNS)]
for i, n in enumerate(places):
    hard = bool(i & 1)
    try:
        play(n, hard)
    except BaseException:
        print("branch", n, "hard" if hard else "soft", host.preempted())
        raise
print("passed")
