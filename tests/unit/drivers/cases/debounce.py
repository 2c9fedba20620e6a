# platforms: cpython
# On a clock of its own; tests/emulator/test_drivers_pins.py has the same on the board's.
from drivers import InterruptIn
from support import advance, drive, settle


def test_a_level_counts_when_it_has_lasted():
    seen = []
    with InterruptIn("BUTTON1", debounce_ms=20) as button:
        button.rise(lambda pin: seen.append("rise"))
        button.fall(lambda pin: seen.append("fall"))
        for _ in range(5):  # bounces
            drive("BUTTON1", 1)
            advance(3_000)
            drive("BUTTON1", 0)
            advance(2_000)
        drive("BUTTON1", 1)
        advance(19_999)
        assert seen == []
        advance(1)
        assert seen == ["rise"]
        advance(500_000)
        drive("BUTTON1", 0)
        advance(100)
        drive("BUTTON1", 1)  # a spike is no edge
        advance(100_000)
        assert seen == ["rise"]
        drive("BUTTON1", 0)
        advance(20_000)
        assert seen == ["rise", "fall"]


def test_only_one_kind_is_wanted():
    seen = []
    with InterruptIn("BUTTON1", debounce_ms=5) as button:
        button.fall(seen.append, hard=True)
        drive("BUTTON1", 1)
        advance(10_000)
        assert seen == []
        drive("BUTTON1", 0)
        advance(10_000)
        assert seen == [button]


def test_an_edge_under_way_is_forgotten():
    seen = []
    button = InterruptIn("BUTTON1", debounce_ms=5)
    button.rise(seen.append)
    drive("BUTTON1", 1)
    button.disable()
    advance(10_000)
    assert seen == []
    button.enable()  # from the level that there is now
    drive("BUTTON1", 0)
    drive("BUTTON1", 1)
    advance(10_000)
    assert seen == []
    drive("BUTTON1", 0)
    advance(10_000)
    drive("BUTTON1", 1)
    button.deinit()
    advance(10_000)
    settle()
    assert seen == []
    drive("BUTTON1", 0)
