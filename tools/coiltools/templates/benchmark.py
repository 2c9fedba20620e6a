# Sent in front of each benchmark.  It offers `measure` and `report`; everything a benchmark uses
# besides them is public API.
import gc
import time

# Under -icount the board executes an instruction in 64 ns, and the counter behind ticks_cpu()
# advances every 40 ns, so 40/64 of a tick is an instruction.
_TICK_NS = 40
_INSTRUCTION_NS = 64


def instructions(ticks):
    """Ticks of time.ticks_cpu() as executed instructions."""
    return ticks * _TICK_NS // _INSTRUCTION_NS


def report(name, **values):
    """One result; instructions= is the figure of merit, others go along with it."""
    import json

    print("\x1e" + json.dumps({"name": name, "values": values}))


def measure(name, fn, baseline=None, rounds=1000, **values):
    """Report the instructions of one round of fn(rounds).

    baseline: what fn(rounds) does besides the thing measured, taken off.
    A first run, not counted, fills the caches; the heap is collected before each.
    """

    def once(f):
        gc.collect()
        start = time.ticks_cpu()
        f(rounds)
        return time.ticks_diff(time.ticks_cpu(), start)

    once(fn)
    ticks = once(fn)
    if baseline is not None:
        once(baseline)
        ticks -= once(baseline)
    report(name, instructions=instructions(ticks) // rounds, rounds=rounds, **values)


def empty_loop(rounds):
    for _ in range(rounds):
        pass
