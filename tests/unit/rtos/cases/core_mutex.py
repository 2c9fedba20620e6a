# platforms: cpython host-stock host-native mps2-stock
"""Mutex: recursion, inheritance of priority, and its ends."""

from errno import ETIMEDOUT

from rtos.core import Mutex, Strand, abandon, park, ready, yield_
from support import at, raises, start, step_all

log = []


def logged():
    found = log[:]
    log.clear()
    return found


async def holds(*mutexes):
    """Take them, release the last one taken first at each ready()."""
    for mutex in mutexes:
        await mutex.acquire()
    for mutex in reversed(mutexes):
        await park()
        mutex.release()
    await park()


async def wants(mutex, name=None, timeout_ms=None):
    try:
        await mutex.acquire(timeout_ms)
        log.append(name)
        mutex.release()
    except OSError as error:
        log.append((name, error.errno))
    except KeyError:
        log.append((name, "cancelled"))


def test_it_belongs_to_one_at_a_time():
    mutex = Mutex()
    assert mutex.owner is None and repr(mutex) == "<Mutex free>" and not mutex.abandoned
    holder = start(holds(mutex), 24, "holder")
    step_all()
    assert mutex.owner is holder.owner and repr(mutex) == "<Mutex of holder>"
    for name in "ab":
        start(wants(mutex, name))
    start(wants(mutex, "urgent"), 30)
    step_all()
    assert logged() == []
    ready(holder)
    step_all()
    assert logged() == ["urgent", "a", "b"] and mutex.owner is None


def test_handed_over_before_others_can_take_it():
    mutex = Mutex()

    async def greedy():
        await mutex.acquire()
        await park()
        mutex.release()
        log.append(mutex.try_acquire())

    strand = start(greedy())
    step_all()
    start(wants(mutex, "next"))
    step_all()
    ready(strand)
    step_all()
    assert logged() == [False, "next"]


def test_recursion():
    mutex = Mutex()

    async def again():
        await mutex.acquire()
        await mutex.acquire()
        assert mutex.try_acquire() is True
        async with mutex:
            await yield_()
        for _ in range(3):
            assert mutex.owner is strand.owner
            mutex.release()
        assert mutex.owner is other.owner
        error = raises(RuntimeError, mutex.release)
        return str(error)

    strand = start(again())
    other = start(wants(mutex, "other"))
    ended = step_all()
    assert strand in ended and other in ended
    assert strand.value == "only its owner can release a Mutex: a Semaphore is for signals"
    assert logged() == ["other"]


def test_only_its_owner_releases_it():
    mutex = Mutex()
    raises(RuntimeError, mutex.release)
    assert "only a thread" in str(raises(RuntimeError, mutex.try_acquire))
    holder = start(holds(mutex))
    step_all()
    raises(RuntimeError, mutex.release)

    async def other():
        raises(RuntimeError, mutex.release)
        return mutex.try_acquire()

    strand = start(other())
    step_all()
    assert strand.value is False and mutex.owner is holder.owner


def test_the_owner_inherits_along_a_chain():
    mutexes = [Mutex() for _ in range(4)]
    strands = [start(holds(mutexes[0]), 8)]
    step_all()
    for n in range(1, 4):

        async def link(n=n):
            await mutexes[n].acquire()
            await mutexes[n - 1].acquire()
            mutexes[n - 1].release()
            mutexes[n].release()

        strands.append(start(link(), 8 + n))
        step_all()
    assert [s.priority for s in strands] == [11, 11, 11, 11]
    assert [s.own_priority for s in strands] == [8, 9, 10, 11]
    top = start(wants(mutexes[3], "top"), 50)
    step_all()
    assert [s.priority for s in strands] == [50] * 4
    ready(strands[0])
    step_all()
    assert logged() == ["top"] and top.coroutine is None
    assert [s.priority for s in strands] == [8, 9, 10, 11]


def test_what_was_inherited_goes_when_a_waiter_gives_up():
    at(0)
    mutex = Mutex()
    holder = start(holds(mutex), 8)
    step_all()
    start(wants(mutex, "late", 10), 40)
    patient = start(wants(mutex, "patient"), 20)
    cancelled = start(wants(mutex, "x"), 50)
    step_all()
    assert holder.priority == 50
    cancelled.cancel(KeyError())
    assert holder.priority == 40
    at(10)
    assert holder.priority == 20
    patient.set_priority(30)
    assert holder.priority == 30
    patient.set_priority(5)
    assert holder.priority == 8
    ready(holder)
    step_all()
    assert logged() == [("x", "cancelled"), ("late", ETIMEDOUT), "patient"]


def test_a_chain_loses_what_its_end_gives_up():
    at(0)
    first, second = Mutex(), Mutex()
    low = start(holds(first), 8)
    step_all()

    async def middle():
        await second.acquire()
        await first.acquire()

    between = start(middle(), 16)
    step_all()
    start(wants(second, "high", 5), 40)
    step_all()
    assert low.priority == between.priority == 40
    at(5)
    assert low.priority == between.priority == 16
    assert logged() == [("high", ETIMEDOUT)]


def test_several_mutexes_of_one_owner():
    a, b = Mutex(), Mutex()
    for first, second in ((a, b), (b, a)):
        holder = start(holds(first, second), 8)
        step_all()
        start(wants(first, "first"), 24)
        start(wants(second, "second"), 40)
        step_all()
        assert holder.priority == 40
        ready(holder)
        step_all()
        assert holder.priority == 24 and logged() == ["second"]
        ready(holder)
        step_all()
        assert holder.priority == 8 and logged() == ["first"]
        holder.finish()


def test_an_owner_that_changes_its_own_priority_keeps_what_it_inherits():
    mutex = Mutex()
    holder = start(holds(mutex), 8)
    step_all()
    start(wants(mutex, "x"), 30)
    step_all()
    holder.set_priority(20)
    assert holder.priority == 30 and holder.own_priority == 20
    holder.set_priority(40)
    assert holder.priority == 40
    holder.set_priority(4)
    assert holder.priority == 30
    ready(holder)
    step_all()
    assert holder.priority == 4


def test_a_ready_owner_moves_up():
    mutex = Mutex()

    async def lowest():
        await mutex.acquire()
        await yield_()
        log.append("lowest")
        mutex.release()

    async def middle():
        log.append("middle")

    start(lowest(), 8)
    from rtos.core import run

    async def starts():
        start(wants(mutex, "high"), 40)
        start(middle(), 24)
        await yield_()

    start(starts(), 8)
    while run(0) != 0:
        pass
    assert logged() == ["lowest", "high", "middle"]


def test_an_owner_that_ends_leaves_it_to_the_next():
    mutex = Mutex()

    async def dies():
        await mutex.acquire()
        await mutex.acquire()
        await park()

    for waiting in (True, False):
        strand = start(dies())
        step_all()
        if waiting:
            start(wants(mutex, "next"))
            step_all()
        ready(strand)
        assert step_all() == [strand] and mutex.owner is strand.owner
        assert not mutex.abandoned
        abandon(strand)
        assert mutex.abandoned
        if not waiting:
            assert mutex.owner is None
            start(wants(mutex, "later"))
        step_all()
        assert logged() == ["next" if waiting else "later"]
        assert mutex.owner is None and not mutex.abandoned
    raises(TypeError, abandon, None)


def test_abandon_several():
    mutexes = [Mutex() for _ in range(3)]

    async def dies():
        for mutex in mutexes:
            await mutex.acquire()

    strand = start(dies())
    step_all()
    strands = [start(wants(mutex, n)) for n, mutex in enumerate(mutexes[:2])]
    step_all()
    abandon(strand)
    assert all(mutex.abandoned for mutex in mutexes)
    assert mutexes[2].owner is None and mutexes[0].owner is strands[0].owner
    step_all()
    assert sorted(logged()) == [0, 1]


def test_a_new_owner_sees_that_it_was_abandoned():
    mutex = Mutex()

    async def dies():
        await mutex.acquire()

    strand = start(dies())
    step_all()
    abandon(strand)

    async def finds():
        await mutex.acquire()
        log.append(mutex.abandoned)
        mutex.release()
        log.append(mutex.abandoned)

    start(finds())
    step_all()
    assert logged() == [True, False]


def test_a_ring_does_not_hang():
    one, two = Mutex(), Mutex()

    async def crosswise(first, second):
        await first.acquire()
        await park()
        await second.acquire()

    ring = [start(crosswise(one, two), 10), start(crosswise(two, one), 20)]
    step_all()
    for strand in ring:
        ready(strand)
    step_all()
    assert [strand.priority for strand in ring] == [20, 20]
    ring[0].cancel(KeyError())
    assert step_all() == [ring[0]]
    abandon(ring[0])
    assert step_all() == [ring[1]]


def test_random_waits_keep_every_owner_at_the_priority_it_needs():
    import random

    seed = 5
    random.seed(seed)
    at(0)
    mutexes = [Mutex() for _ in range(4)]
    working = {}

    async def works(n):
        for _ in range(6):
            mine = sorted(
                random.sample(mutexes, 2) if hasattr(random, "sample") else pick(), key=id
            )
            for mutex in mine:
                await mutex.acquire()
                working.setdefault(n, []).append(mutex)
                await yield_()
            for mutex in mine:
                working[n].remove(mutex)
                mutex.release()
                await yield_()

    def pick():
        first = random.randint(0, 3)
        return [mutexes[first], mutexes[(first + random.randint(1, 3)) % 4]]

    strands = [start(works(n), random.randint(1, 55)) for n in range(8)]
    ended = 0
    while ended < len(strands):
        ended += len(step_all())
        for strand in strands:
            waiting = [s.priority for s in strands if s.waits_for in working.get(strand, ())]
            assert strand.priority == max([strand.own_priority] + waiting)
    assert all(mutex.owner is None for mutex in mutexes)


def test_a_waiter_is_a_strand_of_its_own():
    mutex = Mutex()
    holder = start(holds(mutex))
    step_all()
    strand = Strand(wants(mutex, "late"), None, 24)
    ready(strand)
    step_all()
    assert strand.waits_for is mutex
    strand.close()
    assert strand.waits_for is None
    ready(holder)
    step_all()
    assert mutex.owner is None and logged() == []
