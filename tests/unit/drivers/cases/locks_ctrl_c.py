# platforms: host-native
"""Ctrl-C at each branch of what takes and gives deep sleep locks: none is left behind, none is lost."""

import host
from drivers import DeepSleepLock, Stopwatch, Ticker, Timeout, sleep
from rtos.core import throw

_BRANCHES = 60


def press(branches):
    throw(KeyboardInterrupt())


def interrupted_at(n, function):
    """Whether Ctrl-C at the n-th branch has ended function(); it comes at the branch behind that."""
    done = False
    try:
        host.preempt_at(n, press)
        function()
        done = True
        host.preempt_at(0)
        for _ in range(3):  # what the last branch of function() has left comes here
            pass
    except KeyboardInterrupt:
        pass
    host.preempt_at(0)
    return not done


def everywhere(function, check):
    """Call function() with Ctrl-C at its first branch, its second one, ...; then check(whether)."""
    hits = 0
    for n in range(1, _BRANCHES):
        hit = interrupted_at(n, function)
        hits += hit
        check(n, hit)
    assert hits > 2, hits


def free(n, hit=True):
    assert sleep.can_deep_sleep() and sleep.holders() == [], (n, sleep.holders())


def test_with_a_lock():
    lock = DeepSleepLock("test")

    def use():
        with lock:
            for _ in range(2):
                pass

    everywhere(use, free)
    assert lock.held == 0


def test_a_ticker_is_attached_or_not():
    ticker = Ticker()
    for hard in (True, False):

        def attach(hard=hard):
            ticker.attach(len, 1_000_000, hard)

        def check(n, hit):
            attached = ticker.remaining_us() is not None
            assert len(sleep.holders()) == attached, (n, hit, attached)
            assert hit or attached
            ticker.detach()
            free(n)

        everywhere(attach, check)


def test_detach():
    timeout = Timeout()

    def check(n, hit):
        assert timeout.remaining_us() is None, n
        free(n)
        timeout.attach(len, 1_000_000, True)

    timeout.attach(len, 1_000_000, True)
    everywhere(timeout.detach, check)
    timeout.detach()


def test_a_stopwatch_runs_or_not():
    watch = Stopwatch()

    def check(n, hit):
        running = "running" in repr(watch)
        assert len(sleep.holders()) == running, (n, running)
        watch.stop()
        free(n)

    everywhere(watch.start, check)

    def stopped(n, hit):
        assert len(sleep.holders()) == ("running" in repr(watch)), n
        watch.start()

    watch.start()
    everywhere(watch.stop, stopped)
    watch.stop()
    free(0)
