"""rtos.TaskGroup."""

import rtos
from support import raises, run_main, times_out


class Oops(Exception):
    pass


async def fails_after(ms, error):
    await rtos.sleep_ms(ms)
    raise error


def test_waits_for_all():
    async def main():
        done = []

        async def work(ms):
            await rtos.sleep_ms(ms)
            done.append(ms)
            return ms

        async with rtos.TaskGroup() as group:
            threads = [group.start(work, ms) for ms in (30, 10, 20)]
            group.start(work, 5, priority=rtos.HIGH, name="five")
            assert done == []
        assert done == [5, 10, 20, 30]
        assert [thread.outcome() for thread in threads] == [30, 10, 20]
        async with rtos.TaskGroup():
            pass
        assert len(rtos.threads()) == 1

    run_main(main)


def test_first_failure_ends_the_others():
    async def main():
        ended = []

        async def work():
            try:
                await rtos.sleep_ms(1000)
                ended.append("too late")
            finally:
                await rtos.sleep_ms(5)
                ended.append("ended")

        first = Oops("first")
        try:
            async with rtos.TaskGroup() as group:
                group.start(work)
                group.start(fails_after, 10, first)
                group.start(work, priority=rtos.HIGH)
                group.start(fails_after, 1000, Oops("never"))
        except Oops as error:
            assert error is first
            assert ended == ["ended", "ended"], ended
        else:
            raise AssertionError("nothing raised")
        assert len(rtos.threads()) == 1

    run_main(main)


def test_failure_ends_the_block():
    async def main():
        went_on = False
        try:
            async with rtos.TaskGroup() as group:
                group.start(fails_after, 10, Oops())
                await rtos.sleep_ms(1000)
                went_on = True
        except Oops:
            assert not went_on
        else:
            raise AssertionError("nothing raised")
        await rtos.sleep_ms(1)  # nothing is left to be raised here

    run_main(main)


def test_failure_while_the_block_runs():
    """The block is preempted by the failure, and gets it at its next await."""

    async def main():
        went_on = []
        try:
            async with rtos.TaskGroup() as group:
                group.start(fails_after, 0, Oops(), priority=rtos.HIGH)
                await rtos.sleep_ms(1)
                went_on.append(1)
                await rtos.sleep_ms(1)
                went_on.append(2)
        except Oops:
            assert went_on in ([], [1]), went_on
        else:
            raise AssertionError("nothing raised")

    run_main(main)


def test_failing_block_ends_the_threads():
    async def main():
        ended = []

        async def work():
            try:
                await rtos.sleep_ms(1000)
            finally:
                ended.append(1)

        try:
            async with rtos.TaskGroup() as group:
                group.start(work)
                group.start(work)
                await rtos.sleep_ms(1)
                group.start(work)  # has not run yet
                raise Oops
        except Oops:
            assert ended == [1, 1]
        else:
            raise AssertionError("nothing raised")
        assert len(rtos.threads()) == 1

    run_main(main)


def test_all_failures_are_told():
    """The first is raised, the others are printed."""
    printed = []

    async def main():
        from rtos import taskgroup

        def report(what, error):
            printed.append(error)

        was, taskgroup.report = taskgroup.report, report

        async def work():
            try:
                await rtos.sleep_ms(1000)
            finally:
                raise Oops("in finally")

        try:
            async with rtos.TaskGroup() as group:
                group.start(work)
                group.start(fails_after, 10, Oops("first"))
                try:
                    await rtos.sleep_ms(1000)
                finally:
                    raise Oops("block")
        except Oops as error:
            assert str(error) == "first", error
        else:
            raise AssertionError("nothing raised")
        finally:
            taskgroup.report = was

    run_main(main)
    assert sorted(str(error) for error in printed) == ["block", "in finally"], printed


def test_terminated_parent_ends_the_threads():
    async def main():
        ended = []

        async def work():
            try:
                await rtos.sleep_ms(1000)
            finally:
                await rtos.sleep_ms(5)
                ended.append("child")

        async def parent(ms):
            try:
                async with rtos.TaskGroup() as group:
                    group.start(work)
                    await rtos.sleep_ms(ms)  # 0: it waits at the end of the block
            finally:
                ended.append("parent")

        for ms in (0, 1000):
            del ended[:]
            thread = rtos.Thread(parent, ms).start()
            await rtos.sleep_ms(10)
            thread.terminate()
            await thread.join(100)
            assert ended == ["child", "parent"], ended
        # Twice: once more while it waits for the children.
        del ended[:]
        thread = rtos.Thread(parent, 0).start()
        await rtos.sleep_ms(10)
        thread.terminate()
        await rtos.sleep_ms(1)
        thread.terminate()
        await thread.join(100)
        assert ended == ["child", "parent"], ended
        assert len(rtos.threads()) == 1

    run_main(main)


def test_a_failure_and_a_termination_at_once():
    """The thread is to end, although a thread of its group has failed at the same time."""

    async def main():
        went_on = []

        async def parent():
            try:
                async with rtos.TaskGroup() as group:
                    group.start(fails_after, 10, Oops())
                    await rtos.sleep_ms(1000)
            except Oops:
                went_on.append("caught")
            await rtos.sleep_ms(0)
            went_on.append("went on")

        thread = rtos.Thread(parent, priority=rtos.LOW).start()
        await rtos.sleep_ms(9)

        async def both():
            await rtos.sleep_ms(1)
            thread.terminate()

        rtos.Thread(both).start()
        await thread.join(100)
        assert went_on in ([], ["caught"]), went_on

    run_main(main)


def test_a_thread_starts_others():
    async def main():
        done = []

        async def leaf(n):
            await rtos.sleep_ms(10)
            done.append(n)

        async def work(group, n):
            for i in range(n):
                group.start(leaf, i)

        async with rtos.TaskGroup() as group:
            group.start(work, group, 3)
        assert sorted(done) == [0, 1, 2]

    run_main(main)


def test_terminated_child_is_no_failure():
    async def main():
        async with rtos.TaskGroup() as group:
            thread = group.start(fails_after, 50, Oops())
            other = group.start(fails_after, 0, rtos.Terminated())
            await rtos.sleep_ms(1)
            thread.terminate()
            await other.join()

    run_main(main)


def test_time_limit_around_it():
    async def main():
        ended = []

        async def work():
            try:
                await rtos.sleep_ms(1000)
            finally:
                ended.append(1)

        async def block():
            async with rtos.TaskGroup() as group:
                group.start(work)
                group.start(work)

        await times_out(rtos.timeout(block(), 50))
        assert ended == [1, 1]

    run_main(main)


def test_groups_within_groups():
    async def main():
        ended = []

        async def inner():
            try:
                async with rtos.TaskGroup() as group:
                    group.start(fails_after, 10, Oops())
                    group.start(fails_after, 1000, Oops())
            finally:
                ended.append("inner")

        try:
            async with rtos.TaskGroup() as group:
                group.start(inner)
                await rtos.sleep_ms(1000)
        except Oops:
            assert ended == ["inner"]
        else:
            raise AssertionError("nothing raised")

        # The outer group fails while the block is in the inner one.
        del ended[:]
        try:
            async with rtos.TaskGroup() as outer:
                outer.start(fails_after, 10, Oops("outer"))
                async with rtos.TaskGroup() as group:
                    group.start(fails_after, 1000, Oops("inner"))
                    await rtos.sleep_ms(500)
                ended.append("went on")
        except Oops as error:
            assert str(error) == "outer" and ended == []
        assert len(rtos.threads()) == 1

    run_main(main)


def test_misuse():
    async def main():
        group = rtos.TaskGroup()
        raises(RuntimeError, group.start, fails_after, 1, Oops())
        async with group:
            raises(TypeError, group.start, 5)
            raises(TypeError, group.start, lambda: None)
            raises(ValueError, lambda: group.start(fails_after, priority=99))
        raises(RuntimeError, group.start, fails_after, 1, Oops())
        try:
            async with group:
                pass
        except RuntimeError as error:
            assert "another" in str(error)
        else:
            raise AssertionError("used twice")

        async def late(group):
            try:
                await rtos.sleep_ms(1000)
            finally:
                raises(RuntimeError, group.start, fails_after, 1, Oops())

        try:
            async with rtos.TaskGroup() as group:
                group.start(late, group)
                group.start(fails_after, 1, Oops())
        except Oops:
            pass

    run_main(main)
