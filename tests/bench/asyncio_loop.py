"""MicroPython's own asyncio: the alternative to a kernel thread."""

import asyncio


def task_switch(rounds):
    """Two tasks give way to each other; a round is one switch."""

    async def give_way(n):
        for _ in range(n):
            await asyncio.sleep_ms(0)

    async def main():
        other = asyncio.create_task(give_way(rounds // 2))
        await give_way(rounds // 2)
        await other

    asyncio.run(main())
    asyncio.new_event_loop()


def threadsafeflag_roundtrip(rounds):
    """A sets B's flag and waits for its own; a round is there and back."""
    ping = asyncio.ThreadSafeFlag()
    pong = asyncio.ThreadSafeFlag()

    async def answer():
        for _ in range(rounds):
            await ping.wait()
            pong.set()

    async def main():
        other = asyncio.create_task(answer())
        for _ in range(rounds):
            ping.set()
            await pong.wait()
        await other

    asyncio.run(main())
    asyncio.new_event_loop()


measure("asyncio.task_switch", task_switch)
measure("asyncio.threadsafeflag_roundtrip", threadsafeflag_roundtrip, rounds=200)
