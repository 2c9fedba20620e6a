"""RAM: of the package with a kernel in the background and one thread, and of each thread more."""


def used():
    gc.collect()
    return gc.mem_alloc()


before = used()
import rtos  # noqa: E402


async def sleeper():
    await rtos.sleep_ms(1 << 28)


async def make(count):
    """Bytes a thread of `count` sleeping ones."""
    threads = [None] * count
    start = used()
    for i in range(count):
        threads[i] = rtos.Thread(sleeper).start()
    await rtos.sleep_ms(1)
    return (used() - start) // count


rtos.start()
first = rtos.Thread(sleeper).start()
time.sleep_ms(1)
report("rtos.import_ram_bytes", bytes=used() - before)
report("rtos.thread_ram_bytes", bytes=rtos.wait(make(100)))
rtos.stop()
