# platforms: cpython host-stock host-native mps2-stock
"""Cancelling strands in all states, and what else ends waits from outside."""

from rtos.core import (
    EventFlags,
    Mutex,
    Semaphore,
    Strand,
    Waiters,
    expire,
    park,
    ready,
    served,
    set_clock,
    yield_,
)
from support import at, raises, start, step_all

log = []


def logged():
    found = log[:]
    log.clear()
    return found


async def waits(method, *arguments):
    try:
        log.append(await method(*arguments))
    except (OSError, KeyError, ValueError) as error:
        log.append(error)


def test_cancel_one_that_waits():
    at(0)
    waiters, semaphore, flags = Waiters(), Semaphore(), EventFlags()
    for method, arguments in (
        (park, ()),
        (park, (None, 50)),
        (park, (waiters,)),
        (park, (waiters, 50)),
        (semaphore.acquire, ()),
        (semaphore.acquire, (50,)),
        (flags.wait_all, (3,)),
    ):
        strand = start(waits(method, *arguments))
        step_all()
        error = KeyError("x")
        assert strand.cancel(error) is True
        assert strand.queued and strand.waits_for is None and not waiters
        assert step_all() == [strand]
        assert logged() == [error] and not strand.timed
    assert semaphore.release() and semaphore.count() == 1
    at(100)
    assert flags.set(3) == 3


def test_cancel_with_a_class_or_an_errno():
    for error, kind in ((KeyError, KeyError), (5, OSError)):
        strand = start(waits(park))
        step_all()
        strand.cancel(error)
        step_all()
        (found,) = logged()
        assert isinstance(found, kind)
        assert kind is KeyError or found.errno == 5


def test_cancel_one_that_is_ready():
    """It gets what it was given, and the error at its next wait."""
    waiters, free = Waiters(), Semaphore(1)

    async def twice():
        log.append(await park(waiters))
        await waits(free.acquire)

    strand = start(twice())
    step_all()
    waiters.wake("item")
    error = KeyError()
    assert strand.cancel(error) is False
    step_all()
    assert logged() == ["item", error] and free.count() == 1


def test_cancel_one_that_runs():
    free, waiters, mutex, flags = Semaphore(1), Waiters(), Mutex(), EventFlags()
    flags.set(1)
    for method, arguments in (
        (free.acquire, ()),
        (mutex.acquire, ()),
        (flags.wait_any, (1,)),
        (park, (waiters,)),
        (park, ()),
        (yield_, ()),
        (park, (None, 0)),
    ):
        error = KeyError()

        async def cancels():
            assert strand.cancel(error) is False  # noqa: B023
            try:
                await method(*arguments)  # noqa: B023
            except KeyError as found:
                log.append(found)
            await yield_()
            return "went on"

        strand = start(cancels())
        assert step_all() == [strand] and strand.value == "went on"
        assert logged() == [error]
    assert free.count() == 1 and mutex.owner is None and flags.get() == 1 and not waiters


def test_what_is_handed_over_is_not_lost():
    error = KeyError()

    async def doomed():
        strand.cancel(error)
        log.append(await served("item"))
        log.append(await served())
        await waits(park)

    strand = start(doomed())
    assert step_all() == [strand]
    assert logged() == ["item", None, error]


def test_cancel_between_the_call_and_the_await():
    waiters = Waiters()
    error = KeyError()

    async def doomed():
        place = park(waiters)
        strand.cancel(error)
        try:
            await place
        except KeyError as found:
            log.append(found)

    strand = start(doomed())
    assert step_all() == [strand]
    assert logged() == [error] and not waiters


def test_cancel_one_that_has_not_started():
    async def never():
        log.append("ran")

    for is_ready in (True, False):
        strand = Strand(never(), None, 24)
        if is_ready:
            ready(strand)
        error = KeyError()
        assert strand.cancel(error) is True
        assert step_all() == [strand]
        assert strand.error is error and strand.coroutine is None and logged() == []


def test_cancel_one_that_has_ended():
    async def ends():
        pass

    strand = start(ends())
    step_all()
    assert strand.cancel(KeyError()) is False
    assert strand.error is None and step_all() == []


def test_the_last_of_several_errors_counts():
    first, second = KeyError(1), KeyError(2)
    strand = start(waits(park))
    step_all()
    assert strand.cancel(first) is True and strand.cancel(second) is False
    step_all()
    assert logged() == [second]


def test_pardon():
    error = KeyError()

    async def pardoned():
        strand.cancel(error)
        log.append(strand.pardon(KeyError()))
        log.append(strand.pardon(error))
        log.append(strand.pardon(error))
        await yield_()
        return "fine"

    strand = start(pardoned())
    assert step_all() == [strand] and strand.value == "fine"
    assert logged() == [False, True, False]


def test_a_cancelled_strand_can_wait_again():
    waiters = Waiters()

    async def stubborn():
        for _ in range(3):
            await waits(park, waiters)
        return "done"

    strand = start(stubborn())
    step_all()
    errors = [KeyError(n) for n in range(2)]
    for error in errors:
        strand.cancel(error)
        step_all()
    waiters.wake("item")
    assert step_all() == [strand] and logged() == errors + ["item"]


def test_finish():
    at(0)
    waiters = Waiters()

    async def cleans(method, *arguments):
        try:
            await method(*arguments)
        finally:
            log.append("finally")

    for method, arguments in ((park, ()), (park, (waiters, 50)), (yield_, ())):
        strand = start(cleans(method, *arguments))
        if method is not yield_:
            step_all()
        else:
            from rtos.core import run

            other = start(cleans(park), 25)
            run(24)
            ready(other)
            log.clear()
            other.finish()
            assert not other.queued
            strand.finish()
            assert logged() == ["finally"]
            continue
        strand.finish()
        assert logged() == ["finally"]
        assert strand.coroutine is None and not strand.timed and not waiters
        strand.finish()
        ready(strand)
        assert step_all() == []

    async def finishes():
        error = raises(RuntimeError, strand.finish)
        log.append(str(error))

    strand = start(finishes())
    step_all()
    assert logged() == ["a strand that runs ends by itself"]


def test_finish_hands_on_what_the_coroutine_raises():
    async def fails():
        try:
            await park()
        finally:
            raise ValueError("x")

    strand = start(fails())
    step_all()
    raises(ValueError, strand.finish)
    assert strand.coroutine is None


def test_fail_throws_where_the_strand_waits():
    strand = start(waits(park))
    step_all()
    error = ValueError()
    strand.fail(error)
    assert step_all() == [strand] and logged() == [error]


def test_close_forgets_a_wait_that_has_begun():
    """What a primitive does that must wait for something else after all."""
    at(0)
    waiters = Waiters()

    async def changes_its_mind():
        for arguments in ((waiters, 100), (), (waiters,)):
            park(*arguments)
            strand.close()
            assert not waiters and not strand.timed
        served("item")
        strand.close()
        await yield_()
        log.append(await served("next"))

    strand = start(changes_its_mind())
    assert step_all() == [strand] and logged() == ["next"]


def test_time_is_up_after_the_cancel():
    at(0)
    semaphore = Semaphore()
    error = KeyError()

    async def doomed():
        place = semaphore.acquire(5)
        strand.cancel(error)
        set_clock(5)
        expire()
        try:
            await place
        except KeyError as found:
            log.append(found)

    strand = start(doomed())
    step_all()
    assert logged() == [error]


def test_the_right_one_leaves_the_list():
    waiters = Waiters()
    strands = [start(waits(park, waiters), 24, str(n)) for n in range(5)]
    step_all()
    for n in (2, 0, 4):
        strands[n].cancel(KeyError(n))
    assert len(waiters) == 2
    assert [waiters.wake(n).name for n in (1, 3)] == ["1", "3"]
    step_all()
    found = logged()
    assert [e.args[0] for e in found[:3]] == [2, 0, 4] and found[3:] == [1, 3]
