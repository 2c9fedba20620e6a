"""How often a board wakes whose only thread sleeps for 10 s."""

import mps2
import rtos


async def sleeper():
    await rtos.sleep_ms(50)
    before = mps2.interrupts()
    await rtos.sleep_ms(10_000)
    return mps2.interrupts() - before


report("rtos.idle_wakeups", interrupts=rtos.run(sleeper))
