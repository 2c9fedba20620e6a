"""Every example, built as an application of its own and run on every board."""

import re
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


def boot(name: str, board: str, native: bool = True, **options):
    return launch.board(firmware.build(apps.find(name), board, native=native), **options)


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
def test_threads_passes_every_average_on(board):
    with boot("threads", board) as running:
        shown = running.wait_for_prompt(20)
    readings = [n * n % 17 for n in range(12)]
    averages = [sum(readings[i : i + 4]) / 4 for i in range(9)]
    assert [float(found) for found in re.findall(r"average ([\d.]+)", shown)] == averages
    assert "\ndone\n" in shown


@pytest.mark.parametrize("native", [True, False])
def test_a_mutex_bounds_the_inversion_and_a_semaphore_does_not(native):
    with boot("priority_inversion", "mps2", native=native) as running:
        shown = running.wait_for_prompt(30)
    assert "Mutex: High waited less than Medium computes" in shown
    assert "Semaphore: High waited more than Medium computes" in shown


@pytest.mark.parametrize("board", BOARDS)
def test_repl_alive_counts_on_while_the_prompt_answers(board):
    with boot("repl_alive", board) as running:
        running.wait_for_prompt(20)
        running.exec("import app, time")
        for name in ("busy", "blink"):
            look = f"before = app.counts[{name!r}]; time.sleep_ms(300); "
            assert running.exec(look + f"print(app.counts[{name!r}] > before)") == "True\n"
        running.exec("import rtos; rtos.stop()")
        assert (
            running.exec("print(*(thread.state() for thread in app.threads))") == "ended ended\n"
        )


@pytest.mark.parametrize("board", BOARDS)
def test_no_example_is_left_out_and_each_builds(board):
    known = ["blinky", "boot_count", "data_logger", "hello", "io_expander"]
    known += ["priority_inversion", "repl_alive", "sensor_log", "threads"]
    assert apps.names() == known, "a new example needs a test here"
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
