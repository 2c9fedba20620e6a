# platforms: cpython host-stock host-native mps2-stock
"""Posts, the lock, and the drain, as far as they need no interrupts."""

from micropython import schedule
from rtos.core import (
    LEVELS_NEST,
    Drain,
    EventFlags,
    Semaphore,
    configure,
    enter,
    kick,
    limit,
    lock,
    locked,
    nest,
    park,
    post,
    posts_lost,
    ready,
    run,
    unlock,
)
from support import MICROPYTHON, raises, start, step_all

log = []
drains = []


def logged():
    found = log[:]
    log.clear()
    return found


def spin():
    """Let callbacks run."""
    if MICROPYTHON:
        for _ in range(20):
            pass
    else:
        import micropython

        micropython.run_scheduled()


def drain():
    where = enter(0)
    drains.append(where)
    if where:
        while nest(run, 0):
            pass


def test_posts_are_applied_by_the_drain_in_their_order():
    drains.clear()
    configure(drain=Drain(drain))
    calls = []
    note = lambda *arguments: calls.append(arguments)  # noqa: E731
    lock()
    assert post(note, 1) is True and post(note, 2, 3) is True
    spin()
    assert calls == []
    unlock()
    spin()
    assert calls == [(1, None), (2, 3)] and drains[-1] == 1


def test_posts_that_find_no_room_are_counted():
    configure(drain=Drain(drain))
    calls = []
    note = lambda *arguments: calls.append(arguments)  # noqa: E731
    before = posts_lost()
    lock()
    assert [post(note, n) for n in range(64)] == [True] * 64
    assert post(note, 64) is False and post(note, 65) is False
    unlock()
    spin()
    assert [a for a, _ in calls] == list(range(64)) and posts_lost() == before + 2
    assert post(note, 99) is True
    spin()
    assert calls[-1] == (99, None)


def test_a_post_that_raises_does_not_stop_the_others():
    calls = []

    def guarded():
        try:
            drain()
        except KeyError:
            log.append("raised")
            kick()

    configure(drain=Drain(guarded))

    def fails(_, __):
        raise KeyError

    lock()
    post(fails, 1)
    post(lambda a, b: calls.append(a), 2)
    unlock()
    spin()
    spin()
    assert calls == [2] and logged() == ["raised"]


def test_a_drain_runs_what_becomes_ready_at_the_base():
    configure(drain=Drain(drain))
    semaphore = Semaphore()

    async def waits():
        while True:
            await semaphore.acquire()
            log.append(limit())

    start(waits(), 30)
    spin()
    semaphore.release()
    spin()
    assert logged() == [30]


def test_the_lock_holds_the_drain_back_and_nests():
    drains.clear()
    configure(drain=Drain(drain))

    async def runs():
        log.append("ran")
        await park()

    assert locked() is False
    lock()
    lock()
    strand = start(runs())
    spin()
    assert locked() is True and logged() == []
    unlock()
    spin()
    assert logged() == []
    unlock()
    spin()
    assert logged() == ["ran"] and locked() is False
    ready(strand)
    spin()


def test_lock_limits():
    error = raises(RuntimeError, unlock)
    assert str(error) == "the kernel is not locked"
    for _ in range(255):
        lock()
    assert str(raises(RuntimeError, lock)) == "the kernel is locked 255 times"
    for _ in range(255):
        unlock()
    raises(RuntimeError, unlock)


def test_a_strand_that_ends_leaves_no_lock_behind():
    async def forgets():
        lock()
        lock()

    async def fails():
        lock()
        raise ValueError

    for function in (forgets, fails):
        strand = start(function())
        assert step_all() == [strand] and not locked()


def test_a_drain_is_pended_once():
    calls = []
    own = Drain(lambda: calls.append(1))

    def callback(_):
        """Nothing runs on top of a callback, so the drain does not yet."""
        log.append((own.pend(), own.pend(), own(), own("any", "arguments")))
        log.append(len(calls))

    schedule(callback, None)
    spin()
    assert logged() == [(True, True, True, True), 0] and calls == [1]
    own.pend()
    spin()
    assert calls == [1, 1]
    assert "called" in str(raises(TypeError, Drain, 3))


def test_a_full_queue():
    own = Drain(lambda: log.append("drained"))

    def fill(_):
        for _ in range(20):
            try:
                schedule(log.append, "other")
            except RuntimeError:
                break
        log.append(own.pend())

    schedule(fill, None)
    spin()
    found = logged()
    assert found.count("other") > 2
    if LEVELS_NEST:
        assert found[0] is True and found.count("drained") == 1
    else:
        assert found[0] is False and "drained" not in found
        assert own.pend() is True
        spin()
        assert logged() == ["drained"]


def test_configure_takes_it_all_back():
    configure(drain=Drain(drain))
    configure()
    drains.clear()

    async def ends():
        pass

    strand = start(ends())
    spin()
    assert drains == [] and step_all() == [strand]


def test_ready_wants_a_strand():
    assert str(raises(TypeError, ready, 3)) == "pass a Strand"


def test_what_handlers_give_while_the_ring_is_full_is_not_lost():
    handles = False
    configure(drain=Drain(drain), in_isr=lambda: handles)
    semaphore = Semaphore()
    flags = EventFlags()
    taken = []

    async def takes():
        while True:
            await semaphore.acquire()
            taken.append(await flags.wait_any(6))

    start(takes(), 30)
    spin()
    before = posts_lost()
    lock()
    while post(lambda _, __: None, None):
        pass
    handles = True
    for bits in (2, 4):
        assert semaphore.release() is True
        flags.set(bits)
    handles = False
    unlock()
    spin()
    assert taken == [6] and semaphore.count() == 0
    flags.set(4)
    spin()
    assert taken == [6, 4] and posts_lost() == before + 1
