"""Three threads, each busy until the one above it has run. Prints what ran on top of what.

A level begins with its letter and "<", ends with ">": "L<H<H>L>" is High on top of Low.
The driver defines FORM ("run", "start") and SOURCE, what releases the more urgent thread.
"""

import machine
import mps2
import rtos

LINES = {"N": 20, "H": 21}
trace = ""
gates = {"N": rtos.Semaphore(), "H": rtos.Semaphore()}
base_done = False


def note(text):
    global trace
    trace += text


def release(level):
    """Have the source release a level; nothing in the caller awaits."""
    if SOURCE == "isr":
        mps2.pend(LINES[level])
    else:
        once = machine.Timer.ONE_SHOT
        callback = callbacks[level]
        machine.Timer(-1, mode=once, period=5, callback=callback, hard=SOURCE == "hard timer")


def busy(done):
    """A loop that never awaits; it gives up after about 200 ms of the board's time."""
    for _ in range(8000):
        if done():
            break


callbacks = {level: lambda _, gate=gates[level]: gate.release() for level in "NH"}
for level in "NH":
    mps2.irq(LINES[level], callbacks[level], hard=True)


def ended(level):
    return lambda: level + ">" in trace


async def high():
    await gates["H"].acquire()
    note("H<")
    note("H>")


async def normal():
    await gates["N"].acquire()
    note("N<")
    release("H")
    busy(ended("H"))
    note("N>")


async def low():
    note("L<")
    release("N")
    busy(ended("N"))
    note("L>")


def start_threads():
    for function, priority in ((high, rtos.HIGH), (normal, rtos.NORMAL)):
        rtos.Thread(function, priority=priority).start()


async def main():
    start_threads()
    await rtos.sleep_ms(1)  # until both wait
    thread = rtos.Thread(low, priority=rtos.LOW).start()
    await thread.join()
    await rtos.sleep_ms(20)


if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    start_threads()
    note("B<")
    rtos.Thread(low, priority=rtos.LOW).start()
    busy(lambda: "L>" in trace and "H>" in trace)
    note("B>")
print(trace)
