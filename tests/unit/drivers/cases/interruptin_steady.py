# platforms: host-native mps2-native
# Without boards/native a wait allocates an exception when its answer is not the one before.
import rtos
from drivers import InterruptIn
from micropython import heap_lock, heap_unlock
from support import hand_on, run_main, times_out


def test_waiting_allocates_nothing():
    async def main():
        pin = InterruptIn("V5")
        hand = hand_on("V5")

        async def waits():
            for _ in range(1000):
                hand(1)
                await pin.wait_for_edge()
                hand(0)
                await pin.wait_for_falling()

        await times_out(pin.wait_for_edge(1))  # the first wait makes what all of them use
        again = waits()
        heap_lock()
        try:
            await again
        finally:
            heap_unlock()
        pin.deinit()

    run_main(main)


def test_many_edges_reach_a_thread_above():
    async def main():
        pin = InterruptIn("V5")
        hand = hand_on("V5")
        seen = 0

        async def watch():
            nonlocal seen
            while seen < 500:
                await pin.wait_for_rising()
                seen += 1

        thread = rtos.Thread(watch, priority=rtos.HIGH).start()
        await rtos.sleep_ms(1)
        for n in range(500):
            hand(1)
            hand(0)
            while seen <= n:
                await rtos.yield_()
        await thread.join()
        assert seen == 500
        pin.deinit()

    run_main(main)
