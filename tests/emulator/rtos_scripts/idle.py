"""How many interrupts wake a board whose only thread sleeps for 10 s; prints the number."""

import time

import machine
import mps2
import rtos

SLEEP_MS = 10_000


async def sleeper():
    await rtos.sleep_ms(50)  # whatever the start has left is over
    before = mps2.interrupts()
    await rtos.sleep_ms(SLEEP_MS)
    return mps2.interrupts() - before


def go():
    if FORM == "run":
        return rtos.run(sleeper)
    rtos.start()
    thread = rtos.Thread(sleeper).start()
    end = time.ticks_add(time.ticks_ms(), SLEEP_MS + 100)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        machine.idle()
    return thread.outcome()


print(go())
