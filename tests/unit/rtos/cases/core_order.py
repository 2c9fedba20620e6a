# platforms: cpython host-stock host-native mps2-stock
"""Which strand runs, and what run() returns."""

from rtos.core import Strand, budget, limit, lock, park, ready, run, running, unlock, yield_
from support import AGAIN, DONE, MICROPYTHON, OVER, at, raises, result_of, start, step_all

log = []


def logged():
    found = log[:]
    log.clear()
    return found


async def note(name, rounds=1):
    for n in range(rounds):
        log.append((name, n))
        await yield_()


def test_the_most_urgent_runs_first_and_equals_in_their_order():
    for priority, name in ((8, "low"), (24, "a"), (55, "top"), (24, "b"), (1, "idle"), (25, "c")):
        start(note(name), priority)
    step_all()
    assert [name for name, _ in logged()] == ["top", "c", "a", "b", "low", "idle"]


def test_equals_take_turns_and_lower_ones_wait():
    start(note("low", 1), 23)
    for name in "abc":
        start(note(name, 2))
    step_all()
    turns = [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("c", 1), ("low", 0)]
    assert logged() == turns


def test_whoever_is_ready_while_another_gives_way_comes_after_those_that_wait():
    async def first():
        ready(third)
        await yield_()
        log.append("first")

    async def other(name):
        log.append(name)

    strand = Strand(first(), None, 24)
    second, third = Strand(other("second"), None, 24), Strand(other("third"), None, 24)
    ready(strand)
    ready(second)
    step_all()
    assert logged() == ["second", "third", "first"]


def test_to_sleep_for_no_time_is_to_give_way():
    async def sleeps(name):
        log.append(name)
        await park(None, 0)
        log.append(name)

    start(sleeps("a"))
    start(sleeps("b"))
    step_all()
    assert logged() == ["a", "b", "a", "b"]


def test_the_floor_keeps_out_what_is_not_above_it():
    start(note("low"), 8)
    high = start(note("high"), 9)
    assert run(9) == DONE and logged() == []
    assert run(8) is high and run(8) == DONE
    assert logged() == [("high", 0)]
    assert len(step_all()) == 1


def test_an_ended_strand_is_returned_with_its_value_or_error():
    async def returns():
        await yield_()
        return 5

    async def fails():
        await yield_()
        raise KeyError("x")

    good, bad = start(returns()), start(fails())
    assert step_all() == [good, bad]
    assert (good.value, good.error, good.coroutine) == (5, None, None)
    assert bad.value is None and bad.coroutine is None
    assert isinstance(bad.error, KeyError) and bad.error.args == ("x",)
    for strand in good, bad:
        assert not strand.queued and not strand.stepping
        ready(strand)
    assert run(0) == DONE


def test_base_exceptions_end_the_strand_only():
    for kind in (KeyboardInterrupt, SystemExit):

        async def fails(kind=kind):
            raise kind

        strand = start(fails())
        other = start(note("other"))
        assert step_all() == [strand, other]
        assert isinstance(strand.error, kind)


def test_a_foreign_yield_is_returned_and_can_be_refused():
    class Foreign:
        def __iter__(self):
            yield "nonsense"

        __await__ = __iter__

    async def waits():
        try:
            await Foreign()
        except ValueError as error:
            log.append(str(error))
        await yield_()
        return "went on"

    strand = start(waits())
    assert run(0) is strand
    assert strand.value == "nonsense" and strand.coroutine is not None
    assert not (strand.parked or strand.queued or strand.stepping)
    assert run(0) == DONE
    strand.fail(ValueError("refused"))
    assert strand.queued
    assert step_all() == [strand]
    assert strand.value == "went on" and logged() == ["refused"]


def test_states_as_seen_from_outside():
    async def looks():
        log.append((strand.parked, strand.queued, strand.stepping))
        await park()

    strand = Strand(looks(), "owner", 24)
    assert (strand.parked, strand.queued, strand.stepping, strand.runs) == (True, False, False, 0)
    ready(strand)
    assert (strand.parked, strand.queued, strand.stepping) == (True, True, False)
    step_all()
    assert logged() == [(False, False, True)]
    assert (strand.parked, strand.queued, strand.stepping, strand.runs) == (True, False, False, 1)
    assert strand.owner == "owner" and strand.own_priority == strand.priority == 24
    assert repr(strand) == "<Strand 24 parked>"
    assert raises(AttributeError, getattr, strand, "nonsense")


def test_running_and_limit():
    assert running() is None and limit() == 0

    async def looks():
        log.append((running(), limit()))

    start(looks(), 30, "x")
    step_all()
    ((owner, least),) = logged()
    assert owner.name == "x" and least == 30
    assert running() is None and limit() == 0


def test_priorities_are_checked():
    for wrong in (0, -1, 56, 1000):
        error = raises(ValueError, Strand, None if MICROPYTHON else note("x"), None, wrong)
        assert str(error) == "priorities are 1 to 55"


def test_run_inside_of_a_step_runs_what_is_more_urgent():
    async def outer():
        start(note("equal"), 24)
        start(note("lower"), 8)
        urgent = start(note("urgent"), 25)
        log.append(run(0) is urgent)
        log.append(run(0))
        log.append(limit())

    start(outer())
    step_all()
    found = [("urgent", 0), True, DONE, 24, ("equal", 0), ("lower", 0)]
    assert logged() == found


def test_the_budget_is_for_those_up_to_normal():
    normal, urgent = start(note("normal", 2), 31), start(note("urgent", 2), 32)
    budget(1)
    spent = 0
    for n in range(1000):
        spent += n
    assert run(0) is urgent and run(0) == OVER
    assert run(0) == OVER
    budget(0)
    assert run(0) is normal and run(0) == DONE


def test_set_priority_moves_a_ready_strand_behind_its_new_equals():
    a, b = start(note("a"), 24), start(note("b"), 30)
    a.set_priority(30)
    c = start(note("c"), 30)
    b.set_priority(8)
    assert [s.priority for s in (a, b, c)] == [30, 8, 30]
    step_all()
    assert [name for name, _ in logged()] == ["a", "c", "b"]


def test_set_priority_of_one_that_runs_waits_or_has_ended():
    async def changes():
        strand.set_priority(8)
        await yield_()
        log.append("changed")
        await park(None, 10)
        log.append(strand.priority)

    at(0)
    strand = start(changes())
    start(note("other"), 20)
    step_all()
    assert logged() == [("other", 0), "changed"]
    strand.set_priority(40)
    assert at(10) == [strand] and logged() == [40]
    strand.set_priority(41)
    assert strand.priority == 41
    assert raises(ValueError, strand.set_priority, 56)


def test_run_refuses_a_locked_kernel():
    lock()
    assert str(raises(RuntimeError, run, 0)) == "run() with the kernel locked: unlock first"
    unlock()
    assert run(0) == DONE


def test_many_strands_of_random_priorities_keep_the_order():
    import random

    seed = 20
    random.seed(seed)
    for _ in range(20):
        strands = []
        for n in range(30):
            strands.append((random.randint(1, 55), n))
            start(note(n), strands[-1][0])
        wanted = [n for _, n in sorted(strands, key=lambda item: (-item[0], item[1]))]
        step_all()
        assert [name for name, _ in logged()] == wanted, seed


def test_cycles_and_runs_are_counted():
    async def works():
        for n in range(300):
            total = n * n
            await yield_()
        return total

    strand = start(works())
    assert strand.runs == 0 and strand.cycles == 0
    step_all()
    assert strand.runs == 301 and strand.cycles > 0


def test_again_is_for_the_alarm():
    async def sleeps():
        await park(None, 5)

    at(100)
    start(sleeps())
    other = start(note("other"))
    assert run(0) == AGAIN
    assert logged() == []
    assert step_all() == [other]


def test_result_of_helper():
    async def returns():
        await yield_()
        return 7

    assert result_of(returns()) == 7
