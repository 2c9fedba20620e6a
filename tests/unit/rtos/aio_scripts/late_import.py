"""asyncio is imported when threads run already, and only the modules that are used."""

import rtos


async def main():
    import asyncio

    for module in ("core", None):
        try:
            await asyncio.sleep(1) if module else await asyncio.Event().wait()
            raise AssertionError
        except RuntimeError as error:
            assert "rtos.aio" in str(error)

    async def work():
        await asyncio.sleep_ms(5)
        return 5

    assert await asyncio.create_task(work()) == 5
    event = asyncio.Event()
    task = asyncio.create_task(event.wait())
    event.set()
    assert not event.is_set(), "set by another than asyncio's thread"
    assert await task


rtos.run(main)
print("passed")
