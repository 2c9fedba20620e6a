# platforms: mps2-native
"""rtos.Timer under heap_lock(), in the board's own time: the virtual clock allocates."""

import rtos
from micropython import heap_lock, heap_unlock


def test_calls_allocate_nothing():
    async def main():
        count = 0

        def tick(by):
            nonlocal count
            count += by

        timer = rtos.Timer(tick, 1)
        timer.start(1, periodic=True)
        await rtos.sleep_ms(10)
        before = count
        heap_lock()
        try:
            while count < before + 200:
                await rtos.sleep_ms(1)
        finally:
            heap_unlock()

    rtos.run(main)
