# platforms: cpython host-stock host-native mps2-stock
"""Parking, waking, being served, time."""

from errno import ETIMEDOUT

from rtos.core import (
    LEVELS_NEST,
    EventFlags,
    Mutex,
    Semaphore,
    Strand,
    Waiters,
    alarm,
    configure,
    expire,
    in_thread,
    lock,
    locked,
    now,
    park,
    ready,
    served,
    set_clock,
    unlock,
    yield_,
)
from support import AGAIN, at, raises, result_of, start, step_all

log = []


def logged():
    found = log[:]
    log.clear()
    return found


async def waits(*arguments):
    """Log what a park() returns or raises."""
    try:
        log.append(await park(*arguments))
    except OSError as error:
        log.append(error.errno)
    except ValueError as error:
        log.append(error)


def test_wake_hands_over_values_by_priority_then_in_order():
    waiters = Waiters()
    names = {}
    for priority, name in ((8, "a"), (24, "b"), (24, "c"), (40, "d")):
        names[name] = start(waits(waiters), priority, name)
    step_all()
    assert len(waiters) == 4 and waiters and waiters.first() is names["d"]
    assert names["a"].waits_for is waiters
    woken = []
    for value in (1, "two", None, [4]):
        woken.append(waiters.wake(value).name)
    assert woken == ["d", "b", "c", "a"]
    assert not waiters and len(waiters) == 0 and waiters.first() is None
    assert waiters.wake(5) is None
    step_all()
    assert logged() == [1, "two", None, [4]]


def test_a_wait_can_be_repeated_with_all_kinds_of_values():
    waiters = Waiters()

    async def forever():
        while True:
            log.append(await park(waiters))

    start(forever())
    step_all()
    values = [None, 1, 1, 0, None, None, "x", (), 2**40, 1, False, True]
    for value in values:
        assert waiters.wake(value) is not None
        step_all()
    found = logged()
    assert found == values and [type(v) for v in found] == [type(v) for v in values]


def test_served_returns_at_once():
    async def at_once():
        return [await served(), await served(3), await served(None), await served("x")]

    assert result_of(at_once()) == [None, 3, None, "x"]


def test_a_park_without_waiters_ends_by_ready_or_by_time():
    at(1000)
    first, second = start(waits()), start(waits(None, 50))
    step_all()
    assert logged() == [] and second.timed and not first.timed
    ready(first, "now")
    step_all()
    assert logged() == ["now"]
    assert at(1049) == [] and at(1050) == [second]
    assert logged() == [None]


def test_ready_leaves_alone_what_waits_for_something_else():
    waiters = Waiters()
    strand = start(waits(waiters))
    step_all()
    ready(strand, "wrong")
    assert not strand.queued and strand.waits_for is waiters
    waiters.wake("right")
    ready(strand, "late")
    step_all()
    assert logged() == ["right"]


def test_time_outs():
    at(5000)
    waiters, semaphore, mutex, flags = Waiters(), Semaphore(), Mutex(), EventFlags()
    holder = start(mutex_forever(mutex))
    step_all()

    async def four():
        for method, arguments in (
            (park, (waiters, 10)),
            (semaphore.acquire, (10,)),
            (mutex.acquire, (10,)),
            (flags.wait_any, (1, True, 10)),
        ):
            for delay in arguments[-1], 0:
                try:
                    await method(*arguments[:-1], delay)
                except OSError as error:
                    log.append(error.errno)

    strand = start(four())
    step_all()
    for n in range(4):
        assert logged() == ([] if n == 0 else [ETIMEDOUT])
        assert strand.timed and strand.waits_for is not None
        at(5000 + 10 * n + 9)
        assert logged() == []
        at(5000 + 10 * n + 10)
        found = logged()
        assert found == [ETIMEDOUT, ETIMEDOUT]
        log.append(ETIMEDOUT)
    assert strand.coroutine is None and not waiters and mutex.owner is holder.owner
    log.clear()


async def mutex_forever(mutex):
    await mutex.acquire()
    await park()


def test_an_end_in_time_takes_the_alarm_off():
    at(0)
    waiters = Waiters()
    strand = start(waits(waiters, 10))
    step_all()
    waiters.wake("in time")
    at(10)
    assert logged() == ["in time"] and not strand.timed
    set_clock(11)
    assert expire() is None


def test_expire_tells_how_long_it_is_until_the_next_deadline():
    at(0)
    assert expire() is False
    for delay in (500, 20, 70):
        start(waits(None, delay))
    step_all()
    set_clock(0)
    assert expire() == 20 and expire() is False
    set_clock(15)
    assert expire() == 5
    at(20)
    set_clock(21)
    assert expire() == 49
    at(700)
    set_clock(701)
    assert expire() is None
    log.clear()


def test_many_deadlines_end_in_their_order():
    import random

    random.seed(3)
    at(0)
    delays = [random.randint(1, 400) for _ in range(60)]

    async def sleeps(delay):
        await park(None, delay)
        log.append(delay)

    for delay in delays:
        start(sleeps(delay))
    step_all()
    for ms in range(401):
        at(ms)
    assert logged() == sorted(delays)


def test_the_clock_may_wrap():
    for border in (1 << 29, 1 << 30, 1 << 31, 1 << 32):
        at((border - 5) & 0xFFFFFFFF)
        assert now() == (border - 5) & 0x3FFFFFFF
        waiters = Waiters()
        strands = [start(waits(waiters, delay)) for delay in (3, 5, 8)]
        step_all()
        for late, ended in ((2, []), (3, strands[:1]), (4, []), (5, strands[1:2]), (7, [])):
            assert at((border - 5 + late) & 0xFFFFFFFF) == ended, (border, late)
        assert at((border + 3) & 0xFFFFFFFF) == strands[2:]
        assert logged() == [ETIMEDOUT] * 3


def test_the_longest_wait():
    start_ms = (1 << 30) - 100
    at(start_ms)
    longest = (1 << 30) - 1
    strand = start(waits(None, longest))
    step_all()
    ms = 0
    while ms < longest:
        assert strand.coroutine is not None, ms
        set_clock((start_ms + ms) & 0xFFFFFFFF)
        delay = expire()
        assert 0 < delay <= longest - ms
        step_all()
        ms = min(ms + (1 << 27), longest)
    assert at((start_ms + longest - 1) & 0xFFFFFFFF) == []
    assert at((start_ms + longest) & 0xFFFFFFFF) == [strand]
    assert logged() == [None]


def test_wrong_times():
    waiters = Waiters()

    async def wrong():
        for time in (-1, 1 << 30, 1 << 40, 1.5, "1", True):
            for method in (
                lambda t: park(None, t),
                lambda t: park(waiters, t),
                Semaphore().acquire,
            ):
                error = raises(ValueError, method, time)
                assert str(error) == "a time is None for ever, or 0 to 2**30 - 1 ms"
        return str(raises(TypeError, park, 3))

    assert result_of(wrong()) == "park(waiters): pass a Waiters or None"


def test_woken_between_the_call_and_the_await():
    at(0)
    waiters, semaphore, flags, mutex = Waiters(), Semaphore(), EventFlags(), Mutex()

    async def holds():
        await mutex.acquire()
        await park()
        mutex.release()

    holder = start(holds())
    step_all()

    async def early():
        place = park(waiters, 100)
        waiters.wake("value")
        log.append(await place)
        place = park(waiters)
        waiters.wake()
        log.append(await place)
        place = semaphore.acquire(100)
        semaphore.release()
        log.append(await place)
        place = flags.wait_any(5, timeout_ms=9)
        flags.set(4)
        log.append(await place)
        place = park()
        ready(strand, "self")
        log.append(await place)
        ready(strand, "before")
        log.append(await park())
        return strand.runs

    strand = start(early())
    assert step_all() == [strand] and strand.value == 1
    assert logged() == ["value", None, None, 4, "self", "before"]
    assert not strand.timed and semaphore.count() == 0 and flags.get() == 0
    ready(holder)
    step_all()


def test_time_is_up_between_the_call_and_the_await():
    waiters = Waiters()

    async def late():
        for method, arguments in (
            (park, (waiters, 5)),
            (Semaphore().acquire, (5,)),
            (park, (None, 5)),
        ):
            set_clock(0)
            place = method(*arguments)
            set_clock(5)
            expire()
            try:
                log.append(await place)
            except OSError as error:
                log.append(error.errno)

    result_of(late())
    assert logged() == [ETIMEDOUT, ETIMEDOUT, None] and not waiters


def test_a_wait_that_was_not_awaited_is_found_at_the_next_one():
    waiters, semaphore, free = Waiters(), Semaphore(), Semaphore(1)

    async def forgets(method, *arguments):
        method(*arguments)
        error = raises(RuntimeError, free.acquire)
        assert str(error) == "the wait before this one was not awaited"
        await free.acquire()
        free.release()
        await yield_()
        return True

    at(0)
    for method, arguments in (
        (park, (waiters,)),
        (park, (waiters, 9)),
        (park, (None, 9)),
        (semaphore.acquire, ()),
        (semaphore.acquire, (0,)),
        (served, (3,)),
    ):
        assert result_of(forgets(method, *arguments)) is True
        assert not waiters and free.count() == 1
    assert semaphore.release() and semaphore.count() == 1
    set_clock(1)
    assert expire() is None


def test_a_wait_is_forgotten_when_its_strand_ends():
    waiters = Waiters()

    async def forgets():
        park(waiters, 100)

    strand = start(forgets())
    assert step_all() == [strand]
    assert not waiters and not strand.timed and strand.waits_for is None


def test_another_ones_wait_cannot_be_awaited():
    places = []

    async def lends():
        place = park()
        places.append(place)
        log.append("lent")
        ready(thief)
        if not LEVELS_NEST:
            steal()
        log.append(await place)

    def steal():
        from rtos.core import run

        while run(0) not in (0, 1):
            pass

    async def takes():
        try:
            await places[0]
        except RuntimeError as error:
            log.append(str(error))
        await yield_()
        log.append("went on")

    thief = Strand(takes(), None, 40)
    lender = start(lends())
    if LEVELS_NEST:
        # The owner is parked already: that is noticed, too.
        step_all()
    step_all()
    ready(lender, "own")
    step_all()
    found = ["lent", "a wait belongs to the thread that began it", "went on", "own"]
    assert logged() == found


def test_await_with_the_kernel_locked():
    waiters = Waiters()

    async def locks():
        for method, arguments in ((park, (waiters,)), (yield_, ()), (park, (None, 50))):
            lock()
            place = method(*arguments)
            try:
                await place
            except RuntimeError as error:
                log.append(str(error))
            assert locked()
            unlock()
            assert not waiters
        lock()
        await served()
        await served(1)
        unlock()
        return True

    assert result_of(locks()) is True
    assert logged() == ["await with the kernel locked: unlock first"] * 3


def test_who_is_no_thread_is_sent_to_the_hook():
    asked = []

    def outside(*arguments):
        asked.append(arguments)
        return "awaitable"

    semaphore, flags = Semaphore(), EventFlags()
    error = raises(RuntimeError, semaphore.acquire)
    assert str(error) == "only a thread can wait: rtos.start(), then rtos.wait(), do it for others"
    configure(outside=outside)
    assert semaphore.acquire(5) == "awaitable"
    assert flags.wait_any(3) == "awaitable"
    assert flags.wait_all(3, False, 9) == "awaitable"
    assert yield_() == "awaitable"
    assert asked == [
        (semaphore, "acquire", 5),
        (flags, "wait_any", 3, True, None),
        (flags, "wait_all", 3, False, 9),
        (None, "yield_"),
    ]
    raises(RuntimeError, served)
    assert not in_thread()


def test_alarm_has_run_return():
    from rtos.core import run

    at(0)
    assert run(0) == 0
    alarm()
    assert run(0) == AGAIN
    assert expire() is None and run(0) == 0


def test_the_boards_clock():
    set_clock(None)
    before = now()
    while now() == before:
        pass
    assert 0 <= now() < 1 << 30
