"""Every example, built as an application of its own and run on every board."""

from itertools import groupby

import pytest
from coiltools import apps, boards, firmware, hostpage, launch, runningboard

BOARDS = sorted(boards.all_boards())
#: Runs the frozen application with a timer that samples LED1 every 100 ms of the board's time,
#: and raises in the application after the last sample.
WATCH_LED = """
import _native, machine
seen = []
def sample(timer):
    seen.append(led.value())
    if len(seen) == 24:
        timer.deinit()
        _native.throw(KeyboardInterrupt())
led = machine.Pin("LED1")
machine.Timer(-1, period=100, callback=sample)
try:
    __import__("app", None, None, False)
except KeyboardInterrupt:
    print(seen)
"""


def boot(name: str, board: str, **options):
    return launch.board(firmware.build(apps.find(name), board), **options)


@pytest.mark.parametrize("board", BOARDS)
def test_hello_says_so_after_the_banner(board):
    with boot("hello", board) as running:
        shown = running.wait_for_prompt(20)
    assert "application: hello" in shown
    assert "\nhello from " in shown and "LED1" in shown.split("hello from ")[1]


@pytest.mark.parametrize("board", BOARDS)
def test_blinky_toggles_the_led_twice_a_second(board):
    shown = runningboard.run_script(boot("blinky", board), WATCH_LED, timeout=30)
    runs = [(level, len(list(same))) for level, same in groupby(eval(shown))]
    levels = [level for level, _ in runs]
    assert levels in ([1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0])
    assert all(4 <= length <= 6 for _, length in runs[:-1]), runs


@pytest.mark.parametrize("board", BOARDS)
def test_no_example_is_left_out_and_each_builds(board):
    assert apps.names() == ["blinky", "hello"], "a new example needs a test here"
    for name in apps.names():
        built = firmware.build(apps.find(name), board)
        assert built.image.is_file()
        assert (apps.find(name) / "README.md").is_file()


def test_heap_of_coil_toml_is_what_the_board_gets(tmp_path):
    app = tmp_path / "test_heap"
    app.mkdir()
    (app / "app.py").write_text("import gc\nprint('total', gc.mem_free() + gc.mem_alloc())\n")
    (app / "coil.toml").write_text('[board.mps2]\nheap = "90K"\n')
    built = firmware.build(app, "mps2")
    with launch.board(built, heap=built.heap_bytes) as running:
        total = int(running.wait_for_prompt(20).split("total")[1].split()[0])
    assert 85 * 1024 <= total <= 90 * 1024
    with launch.board(built, flags=hostpage.NO_APP) as running:
        running.wait_for_prompt(20)
        assert int(running.exec("import gc; print(gc.mem_free())")) > 3_000_000
