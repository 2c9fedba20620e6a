# platforms: host-stock host-native mps2-stock mps2-native
# On the board's own clock, for milliseconds: with the heap locked, where a clock in Python cannot be.
from drivers import Stopwatch, Ticker, Timeout
from support import no_allocation


def wait_until(condition):
    for _ in range(1_000_000):
        if condition():
            return
    raise AssertionError("nothing has come")


def test_a_hard_timeout_attaches_again():
    count = 0
    timeout = Timeout()

    def call(timeout):
        nonlocal count
        count += 1
        if count % 20:
            timeout.attach(call, 100, hard=True)

    def use():
        nonlocal count
        count = 0
        timeout.attach(call, 100, hard=True)
        wait_until(done)

    def done():
        return count == 20

    no_allocation(use)
    assert timeout.remaining_us() is None


def test_a_soft_ticker():
    count = 0

    def call(ticker):
        nonlocal count
        count += 1

    def enough():
        return count >= 20

    with Ticker() as ticker:
        ticker.attach(call, 1_000)

        def use():
            nonlocal count
            count = 0
            ticker.attach(call, 1_000)
            wait_until(enough)

        no_allocation(use)
        assert 0 <= ticker.remaining_us() <= 1_000


def test_stopwatch():
    watch = Stopwatch()

    def use():
        for _ in range(100):
            watch.start()
            watch.reset()
            watch.elapsed_us()

    no_allocation(use)
    watch.stop()
    assert watch.elapsed_us() < 1_000_000
