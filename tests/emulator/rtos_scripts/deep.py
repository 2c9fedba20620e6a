"""A thread uses up the C stack: what should run on top of it runs when there is room again."""

import mps2
import rtos
from rtos.core import stack_left

LINE = 20
gate = rtos.Semaphore()
mps2.irq(LINE, lambda _: gate.release(), hard=True)
found = []


async def urgent():
    while True:
        await gate.acquire()
        found.append(stack_left())


def sink(left):
    """Call itself until less than `left` bytes of stack are left, then have an interrupt."""
    if stack_left() > left:
        return sink(left) + 1
    before = len(found)
    mps2.pend(LINE)
    for _ in range(10):
        pass
    return 0 if len(found) == before else -1_000_000


async def main():
    rtos.Thread(urgent, priority=rtos.HIGH).start()
    await rtos.sleep_ms(1)
    assert sink(16 * 1024) < 0 and len(found) == 1  # plenty: on top
    deep = sink(5 * 1024)
    assert deep > 10, deep  # not on top
    for _ in range(10):
        pass
    late = len(found)
    await rtos.yield_()
    assert len(found) == 2, found  # but afterwards
    print("late" if late == 1 else "at the next chance")

    async def endless(n):
        await endless(n + 1)

    try:
        await endless(0)
    except RuntimeError as error:
        assert "recursion" in str(error), error
    mps2.pend(LINE)
    await rtos.sleep_ms(1)
    assert len(found) == 3, found
    return "passed"


if FORM == "run":
    print(rtos.run(main))
else:
    rtos.start()
    print(rtos.wait(rtos.Thread(main).start().join()))
