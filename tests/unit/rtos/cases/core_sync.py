# platforms: cpython host-stock host-native mps2-stock
"""Semaphore and EventFlags."""

from rtos.core import EventFlags, Semaphore, park, ready, yield_
from support import raises, result_of, start, step_all

log = []


def logged():
    found = log[:]
    log.clear()
    return found


async def takes(semaphore, name):
    await semaphore.acquire()
    log.append(name)


def test_semaphore_counts():
    semaphore = Semaphore(2)
    assert semaphore.count() == 2 and repr(semaphore) == "<Semaphore 2>"

    async def three():
        await semaphore.acquire()
        assert semaphore.try_acquire() is True
        assert semaphore.try_acquire() is False
        assert semaphore.count() == 0
        return semaphore.release(), semaphore.count()

    assert result_of(three()) == (True, 1)


def test_semaphore_serves_by_priority_then_in_order():
    semaphore = Semaphore()
    for priority, name in ((8, "low"), (24, "a"), (40, "high"), (24, "b")):
        start(takes(semaphore, name), priority)
    step_all()
    for _ in range(4):
        assert semaphore.release() is True
    assert semaphore.count() == 0
    step_all()
    assert logged() == ["high", "a", "b", "low"]


def test_a_release_is_for_one():
    semaphore = Semaphore()
    for name in "ab":
        start(takes(semaphore, name))
    step_all()
    semaphore.release()
    step_all()
    assert logged() == ["a"]
    assert semaphore.count() == 0 and semaphore.try_acquire() is False


def test_semaphore_maximum():
    semaphore = Semaphore(0, 2)
    assert [semaphore.release() for _ in range(4)] == [True, True, False, False]
    assert semaphore.count() == 2
    assert semaphore.try_acquire() and semaphore.release() and not semaphore.release()
    binary = Semaphore(count=1, max=1)
    assert binary.release() is False

    async def waits():
        await binary.acquire()
        await binary.acquire()
        log.append("second")

    start(waits())
    step_all()
    assert binary.release() is True and binary.count() == 0
    step_all()
    assert logged() == ["second"]
    assert binary.release() is True and binary.release() is False


def test_semaphore_arguments():
    for arguments in ((-1,), (3, 2), (0, 0), (0, 1 << 30), (0, -1)):
        error = raises(ValueError, Semaphore, *arguments)
        assert (
            str(error) == "Semaphore(count, max): 0 <= count <= max, and max from 1 to 2**30 - 1"
        )
    assert Semaphore((1 << 30) - 1).release() is False


def test_semaphore_as_a_context():
    semaphore = Semaphore(1)

    async def uses():
        async with semaphore:
            assert semaphore.count() == 0
            await yield_()
        return semaphore.count()

    assert result_of(uses()) == 1


def test_a_cancelled_wait_takes_nothing():
    semaphore = Semaphore()

    async def gives_up():
        try:
            await semaphore.acquire()
        except KeyError:
            log.append("gave up")

    strand = start(gives_up())
    start(takes(semaphore, "next"))
    step_all()
    strand.cancel(KeyError())
    semaphore.release()
    step_all()
    assert logged() == ["gave up", "next"] and semaphore.count() == 0


async def any_of(flags, bits, clear=True):
    log.append(await flags.wait_any(bits, clear))


async def all_of(flags, bits, clear=True):
    log.append(await flags.wait_all(bits, clear))


def test_flags_set_clear_get():
    flags = EventFlags()
    assert repr(flags) == "<EventFlags 0x0>"
    assert flags.set(5) == 5 and flags.set(2) == 7 and flags.get() == 7
    assert repr(flags) == "<EventFlags 0x7>"
    assert flags.clear(1) == 7 and flags.get() == 6
    assert flags.clear() == 6 and flags.get() == 0


def test_flags_any_and_all():
    flags = EventFlags()
    start(all_of(flags, 6))
    step_all()
    flags.set(2)
    flags.set(1)
    step_all()
    assert logged() == []
    flags.set(4)
    assert flags.get() == 1
    step_all()
    assert logged() == [7]
    start(any_of(flags, 3))
    step_all()
    assert logged() == [1] and flags.get() == 0


def test_flags_can_be_kept():
    flags = EventFlags()
    start(any_of(flags, 3, False))
    step_all()
    assert flags.set(1) == 1
    step_all()
    start(all_of(flags, 1, False))
    step_all()
    assert logged() == [1, 1] and flags.get() == 1


def test_flags_serve_in_order_and_clearing_takes_from_those_behind():
    flags = EventFlags()
    for priority, bits in ((8, 1), (24, 3), (40, 4), (24, 1)):
        start(any_of(flags, bits), priority)
    step_all()
    assert flags.set(1) == 0
    step_all()
    assert logged() == [1]
    assert flags.set(5) == 0
    step_all()
    assert logged() == [5, 1]
    assert flags.set(1) == 0
    step_all()
    assert logged() == [1]


def test_flags_that_are_kept_serve_all():
    flags = EventFlags()
    for _ in range(3):
        start(any_of(flags, 1, False))
    step_all()
    flags.set(9)
    step_all()
    assert logged() == [9, 9, 9] and flags.get() == 9


def test_flags_30_and_31():
    flags = EventFlags()
    high = 1 << 30
    start(all_of(flags, high | 1))
    step_all()
    assert flags.set(high) == high
    assert flags.set(1) == 0
    step_all()
    assert logged() == [high | 1]
    for wrong in (1 << 31, -1, 1 << 40, -(1 << 31), 1 << 70):
        for method in (flags.set, flags.clear, flags.wait_any, flags.wait_all):
            error = raises(ValueError, method, wrong)
            assert str(error) == "flags are bits 0 to 30; bit 31 cannot be used"
    assert flags.set((1 << 31) - 1) == (1 << 31) - 1
    assert flags.clear() == (1 << 31) - 1


def test_flags_arguments():
    flags = EventFlags()
    assert str(raises(TypeError, flags.set, "1")) == "flags are an int"
    assert str(raises(TypeError, flags.wait_any, None)) == "flags are an int"
    assert str(raises(ValueError, flags.wait_any, 0)) == "wait for one flag at least"

    async def keywords():
        try:
            await flags.wait_any(bits=1, clear=False, timeout_ms=0)
        except OSError as error:
            return error.errno

    assert result_of(keywords()) == 110


def test_flags_again_and_again():
    flags = EventFlags()

    async def forever():
        while True:
            log.append(await flags.wait_any(0xFF))

    strand = start(forever())
    for bits in (1, 1, 2, 3, 3, 3, 255, 1):
        step_all()
        flags.set(bits)
    step_all()
    assert logged() == [1, 1, 2, 3, 3, 3, 255, 1]
    ready(strand)
    assert step_all() == []


def test_a_wait_for_flags_that_ends_otherwise():
    flags = EventFlags()

    async def waits():
        try:
            await flags.wait_any(1)
        except KeyError:
            log.append("cancelled")
        await park()

    strand = start(waits())
    start(any_of(flags, 1))
    step_all()
    strand.cancel(KeyError())
    flags.set(1)
    step_all()
    assert logged() == ["cancelled", 1]
