"""What a caller may do wrong: each mistake has a result, and the kernel goes on.

NATIVE: with boards/native. NESTS: callbacks run on top of threads (always but for start() on
stock firmware).
"""

import micropython
import mps2
import rtos
from rtos.core import post, posts_lost

LINE = 20
caught = []


def raises(kind, word, function, *args):
    try:
        function(*args)
    except kind as error:
        assert word in str(error), (word, error)
    else:
        raise AssertionError("nothing raised for %r" % word)


async def araises(kind, word, awaitable):
    try:
        await awaitable
    except kind as error:
        assert word in str(error), (word, error)
    else:
        raise AssertionError("nothing raised for %r" % word)


async def nothing():
    pass


async def waits():
    await rtos.sleep_ms(10000)


def no_coroutine():
    pass


async def threads():
    thread = rtos.Thread(nothing)
    raises(RuntimeError, "never started", thread.join)
    raises(RuntimeError, "never started", thread.terminate)
    raises(RuntimeError, "has not ended", thread.outcome)
    thread.start()
    raises(RuntimeError, "started already", thread.start)
    await thread.join()
    assert await thread.join() is None
    thread.terminate()  # has ended: nothing to do
    raises(RuntimeError, "started already", thread.start)
    raises(RuntimeError, "its own end", rtos.this_thread().join)
    raises(TypeError, "async", rtos.Thread(no_coroutine).start)
    raises(TypeError, "not its call", rtos.Thread, 5)
    for bad in (0, 56, -1, "High", None):
        raises(ValueError, "1 to 55", lambda bad=bad: rtos.Thread(nothing, priority=bad))
    raises(ValueError, "STOP", lambda: rtos.Thread(nothing, on_failure="stpo"))
    raises(ValueError, "1 to 55", rtos.this_thread().priority, 56)
    assert rtos.this_thread().priority() == rtos.NORMAL


async def timeouts():
    for bad in (-1, 1 << 30, 1.5, "1"):
        raises(ValueError, "2**30", rtos.sleep_ms, bad)
        raises(ValueError, "2**30", rtos.Semaphore().acquire, bad)
    never = rtos.Semaphore()
    await araises(OSError, "", never.acquire(0))
    await araises(OSError, "", never.acquire(1))
    await araises(OSError, "", rtos.timeout(never.acquire(), 1))
    await rtos.sleep_ms(0)


async def flags():
    group = rtos.EventFlags()
    for call in (group.set, group.wait_any, group.clear):
        raises(ValueError, "bit 31", call, 1 << 31)
        raises(ValueError, "bit 31", call, -1)
    raises(ValueError, "one flag", group.wait_any, 0)
    raises(TypeError, "int", group.set, "1")
    assert group.set(1 << 30) == 1 << 30 and group.clear() == 1 << 30


async def mutexes():
    mutex = rtos.Mutex()
    raises(RuntimeError, "only its owner", mutex.release)

    async def holds():
        await mutex.acquire()
        await rtos.sleep_ms(5)

    rtos.Thread(holds).start()
    await rtos.sleep_ms(1)
    raises(RuntimeError, "only its owner", mutex.release)
    await mutex.acquire()  # the owner ends without release()
    assert mutex.abandoned
    mutex.release()
    raises(RuntimeError, "only its owner", mutex.release)
    raises(ValueError, "max", rtos.Semaphore, 2, 1)
    raises(ValueError, "max", rtos.Semaphore, -1)
    full = rtos.Semaphore(1, 1)
    assert full.release() is False and full.count() == 1


async def locked():
    semaphore = rtos.Semaphore()
    for _ in range(2):
        rtos.lock()
        await araises(RuntimeError, "locked", semaphore.acquire())
        rtos.unlock()
    raises(RuntimeError, "not locked", rtos.unlock)
    semaphore.release()
    await semaphore.acquire()


async def forgotten():
    semaphore = rtos.Semaphore()
    semaphore.acquire()
    raises(RuntimeError, "not awaited", semaphore.acquire)
    semaphore.release()
    await semaphore.acquire()


async def interrupts():
    if not NATIVE:
        return  # the twin in Python does not look for callbacks: it would cost every call
    semaphore = rtos.Semaphore()
    mutex = rtos.Mutex()
    calls = semaphore.acquire, mutex.acquire, rtos.yield_

    def handler(_):
        for call in calls:
            try:
                call()
            except RuntimeError as error:
                caught.append(str(error))

    caught.clear()
    mps2.irq(LINE, handler)
    mps2.pend(LINE)
    for _ in range(10):  # here it runs
        pass
    assert len(caught) == len(calls), caught
    mps2.irq(LINE)

    def hard(_):
        for i in range(len(calls)):  # enumerate() would allocate
            try:
                calls[i]()
            except RuntimeError:
                seen[i] = 1

    seen = bytearray(len(calls))
    mps2.irq(LINE, hard, hard=True)
    mps2.pend(LINE)
    mps2.irq(LINE)
    assert bytes(seen) == b"\1\1\1", seen
    semaphore.release()
    await semaphore.acquire(0)


async def foreign():
    class Odd:
        def __iter__(self):
            yield 5

    await araises(RuntimeError, "rtos does not know", Odd())


async def posts():
    """The ring of posts is full: counted, and the first 64 are made."""
    made = []
    lost = posts_lost()
    rtos.lock()
    taken = [post(lambda a, b: made.append(a), i) for i in range(70)]
    rtos.unlock()
    await rtos.sleep_ms(5)
    assert taken == [True] * 64 + [False] * 6, taken
    assert made == list(range(64)), made
    assert posts_lost() - lost == 6


async def post_that_fails():
    made = []

    def fails(a, b):
        raise ValueError("posted")

    for function in (fails, lambda a, b: made.append(a)):
        post(function, 7)
    await rtos.sleep_ms(5)
    assert made == [7], made


async def wait_for(got):
    """Let an urgent thread run: on top of the caller, where that is possible."""
    if NESTS:
        for _ in range(1000):
            if got:
                return
    else:
        await rtos.sleep_ms(20)


async def full_queue():
    """MicroPython's queue of callbacks is full when an interrupt makes a thread ready."""
    semaphore = rtos.Semaphore()
    got = []

    async def urgent():
        await semaphore.acquire()
        got.append(1)

    rtos.Thread(urgent, priority=rtos.HIGH).start()
    await rtos.sleep_ms(1)
    mps2.irq(LINE, lambda _: semaphore.release(), hard=True)
    schedule, note, pend = micropython.schedule, caught.append, mps2.pend
    pend(LINE)  # in straight-line code no callback runs; but one waits
    try:
        schedule(note, 0), schedule(note, 0), schedule(note, 0), schedule(note, 0)
        schedule(note, 0), schedule(note, 0), schedule(note, 0), schedule(note, 0)
    except RuntimeError:
        pass
    await wait_for(got)
    assert got, "the queue was full and nobody tried again"
    # The other way round: the queue is full already.
    got.clear()
    rtos.Thread(urgent, priority=rtos.HIGH).start()
    await rtos.sleep_ms(1)
    try:
        schedule(note, 0), schedule(note, 0), schedule(note, 0), schedule(note, 0)
        schedule(note, 0), schedule(note, 0), schedule(note, 0), schedule(note, 0)
    except RuntimeError:
        pass
    pend(LINE)
    await wait_for(got)
    mps2.irq(LINE)
    assert got, "the queue was full and nobody tried again"


async def ends_in_the_kernel():
    raises(RuntimeError, "a thread uses await", rtos.wait, waits())
    raises(RuntimeError, "runs already", rtos.start)
    raises(RuntimeError, "runs already", rtos.run, nothing)
    raises(RuntimeError, "", rtos.stop)


CASES = (
    threads,
    timeouts,
    flags,
    mutexes,
    locked,
    forgotten,
    interrupts,
    foreign,
    posts,
    post_that_fails,
    full_queue,
    ends_in_the_kernel,
)


async def main():
    for case in CASES:
        try:
            await rtos.Thread(case).start().join()
        except Exception as error:
            import sys

            print("FAILED", case.__name__)
            sys.print_exception(error)


def callbacks():
    """A callback over plain code can wait no more than one over a thread."""
    semaphore = rtos.Semaphore()
    calls = (
        lambda: semaphore.acquire(),
        lambda: rtos.sleep_ms(5),
        lambda: rtos.wait(semaphore.acquire()),
    )
    caught.clear()

    def callback(_):
        for call in calls:
            try:
                call()
            except RuntimeError as error:
                caught.append(str(error))

    micropython.schedule(callback, None)
    for _ in range(10):  # here it runs
        pass
    assert len(caught) == len(calls), caught


def outside():
    """In plain code, before, while and after the kernel runs."""
    raises(RuntimeError, "", rtos.stop)
    raises(RuntimeError, "nothing runs yet", rtos.wait, waits())
    raises(RuntimeError, "", rtos.Semaphore().acquire)


outside()
if FORM == "run":
    rtos.run(main)
else:
    rtos.start()
    rtos.wait(rtos.Thread(main, name="main").start().join())
    raises(OSError, "", rtos.wait, rtos.sleep_ms(1000), 1)
    raises(RuntimeError, "runs already", rtos.start)
    if NATIVE:
        callbacks()
    rtos.stop()
outside()
print("passed")
