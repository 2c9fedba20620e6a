# platforms: cpython host-stock host-native mps2-native
from errno import ENODEV

import rtos
from drivers import DigitalOut, InterruptIn
from micropython import schedule
from support import (
    MICROPYTHON,
    drive,
    hand_on,
    no_allocation,
    press,
    raises,
    run_main,
    settle,
    times_out,
)


def test_soft_callbacks_get_the_driver():
    seen = []
    with InterruptIn("BUTTON1") as button:
        button.rise(lambda pin: seen.append((pin is button, pin())))
        button.fall(lambda pin: seen.append(pin()))
        drive("BUTTON1", 1)
        settle()
        drive("BUTTON1", 0)
        settle()
        assert seen == [(True, 1), 0], seen
        button.rise(None)
        press("BUTTON1")
        settle()
        assert seen == [(True, 1), 0, 0], seen
        assert button.missed == 0


def test_one_kind_of_edge():
    with InterruptIn("V3") as pin:
        counts = [0, 0]

        def rose(_):
            counts[1] += 1

        def fell(_):
            counts[0] += 1

        pin.rise(rose, hard=True)
        press("V3", 5)
        assert counts == [0, 5]
        pin.fall(fell, hard=True)
        press("V3", 5)
        assert counts == [5, 10]
        pin.rise(None)
        press("V3", 5)
        assert counts == [10, 10]


def test_edges_that_share_a_call_are_counted():
    calls = []

    def burst(_):  # in a callback, so no other one comes in between
        press("V2", 4)

    with InterruptIn("V2") as pin:
        pin.rise(calls.append)
        schedule(burst, None)
        settle()
        settle()
        assert calls == [pin] and pin.missed == 3, (calls, pin.missed)
        pin.rise(calls.append)  # a new callback; the count goes on
        press("V2")
        settle()
        assert len(calls) == 2 and pin.missed == 3


def test_a_full_queue_loses_no_call():
    if MICROPYTHON:
        import time

        calls = []

        def fill(_):
            for _ in range(20):
                try:
                    schedule(nothing, None)
                except RuntimeError:
                    break
            else:
                raise AssertionError("the queue has no end")
            press("V2")
            press("V4")

        def nothing(_):
            pass

        with InterruptIn("V2") as a, InterruptIn("V4") as b:
            a.rise(calls.append)
            b.rise(calls.append)
            schedule(fill, None)
            for _ in range(1000):
                if len(calls) == 2:
                    break
                time.sleep_us(100)
            assert a in calls and b in calls, calls


def test_disable_and_enable():
    calls = []
    with InterruptIn("V1") as pin:
        pin.rise(calls.append)
        pin.disable()
        press("V1")
        settle()
        assert calls == []
        pin.enable()
        press("V1")
        settle()
        assert calls == [pin]


def test_wrong_use():
    for wrong in (-1, 1.5, "1", 100_001):
        raises(ValueError, InterruptIn, "V1", None, wrong)
    raises(ValueError, InterruptIn, "LED1")
    with DigitalOut("LED1"):
        pass  # it was given back
    with InterruptIn("V1") as pin:
        raises(TypeError, pin.rise, 1)
        raises(TypeError, pin.fall, "print")
        raises(TypeError, pin, 1)


def test_nothing_comes_after_deinit():
    calls = []
    pin = InterruptIn("V6")
    pin.rise(calls.append)

    def late(_):
        press("V6")
        pin.deinit()  # before the call that waits

    schedule(late, None)
    settle()
    settle()
    press("V6")
    settle()
    assert calls == []
    for use in (pin, pin.enable, pin.disable, pin.wait_for_edge, lambda: pin.rise(None)):
        assert raises(OSError, use).args[0] == ENODEV
    pin.deinit()


def test_waits():
    async def main():
        got = []

        async def watch():
            got.append(await pin.wait_for_rising())
            got.append(await pin.wait_for_falling())
            got.append(await pin.wait_for_edge())

        with InterruptIn("V5") as pin:
            await times_out(pin.wait_for_edge(5))
            thread = rtos.Thread(watch).start()
            await rtos.sleep_ms(1)
            assert got == []
            for level in (1, 0, 1):
                drive("V5", level)
                await rtos.sleep_ms(1)
            assert got == [1, 2, 1], got
            await thread.join()
            # Edges between two waits are kept; a wait for one kind forgets the other.
            press("V5")
            assert await pin.wait_for_edge() & 2
            drive("V5", 1)
            await times_out(pin.wait_for_falling(5))
            drive("V5", 0)
            assert await pin.wait_for_falling(5) == 2

    run_main(main)


def test_deinit_wakes_who_waits():
    async def main():
        pin = InterruptIn("V5")

        async def watch():
            return await pin.wait_for_edge()

        thread = rtos.Thread(watch).start()
        await rtos.sleep_ms(1)
        pin.deinit()
        assert await thread.join() == 4

    run_main(main)


def test_callbacks_allocate_nothing():
    counts = [0, 0]

    def count_soft(_):
        counts[0] += 1

    def count_hard(_):
        counts[1] += 1

    with InterruptIn("V5") as soft, InterruptIn("V6") as hard:
        soft.rise(count_soft)
        hard.rise(count_hard, hard=True)
        hands = hand_on("V5"), hand_on("V6")

        def use():
            for _ in range(1000):
                for hand in hands:
                    hand(1)
                    hand(0)

        no_allocation(use)
        settle()
        # no_allocation() calls it twice on boards.
        assert counts[1] in (1000, 2000) and counts[0] + soft.missed == counts[1], (
            counts,
            soft.missed,
        )
