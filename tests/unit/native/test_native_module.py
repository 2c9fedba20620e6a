"""boards/native on board host and on the emulated board, and both without it."""

from pathlib import Path

import pytest
from coiltools import launch, runningboard

SCRIPTS = sorted(p.name for p in (Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("board", ["host", "mps2"])
def test_script(run_file, name, board):
    run_file(f"scripts/{name}", board)


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_small_heap(run_file, board, build):
    text = (Path(__file__).parent / "scripts" / "gc_stress.py").read_text()
    running = launch.board(build(board), heap=90 << 10)
    output = runningboard.run_script(running, text)
    assert output.endswith("passed\n"), output


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_stock_firmware_has_no_module(build, board):
    with launch.board(build(board, native=False)) as running:
        running.wait_for_prompt()
        text = running.exec("try:\n import _native\nexcept ImportError as e:\n print(e)")
        assert text == "no module named '_native'\n"


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_soft_reset_forgets_everything(build, board):
    with launch.board(build(board)) as running:
        running.wait_for_prompt()
        running.exec("import _native\n_native.trace_start(bytearray(120))\n_native.trace(1, 2)")
        runningboard.RunningBoard.soft_reset(running)
        assert running.exec("import _native\nprint(_native.trace_stop())") == "0\n"


def test_without_preemption_on_stock_firmware(run_file):
    """The host's interrupts work without the native module too."""
    run_file("host_scripts/interrupts.py", native=False)


#: A kernel in the background: its threads run in drains over the prompt.
BACKGROUND = """
import _native
def drain():
    if _native.enter(1000):
        while (result := _native.nest(_native.run, 0)) == 1:
            _native.expire()
_native.configure(drain=_native.Drain(drain))
async def thread():
    while True:
        print(await _native.park())
strand = _native.Strand(thread(), 'thread', 24)
_native.ready(strand)
def say(text):
    _native.ready(strand, text)
    for _ in range(20):
        pass
kept = bytearray(2000)
"""


def ask(running, expression):
    """Evaluate it at the friendly prompt; -> all that is printed until the next one."""
    running.console.write(expression.encode() + b"\r")
    text = running.wait_for_prompt()
    return text.replace("\r\n", "\n").removeprefix(expression + "\n").removesuffix(">>> ")


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_threads_do_not_disturb_the_raw_repl(build, board):
    with launch.board(build(board)) as running:
        running.wait_for_prompt()
        running.exec(BACKGROUND)
        said = running.exec("say('thread says')\nprint('base', _native.raw_repl())")
        assert said == "base True\n"
        assert running.exec("print(_native.output(kept))") == "0\n"  # not while the tool is there
        assert ask(running, "_native.raw_repl(), _native.output(kept), kept[:14]") == (
            "(False, 13, bytearray(b'thread says\\r\\n\\x00'))\n"
        )
        assert ask(running, "_native.output(kept), _native.output_lost()") == "(0, 0)\n"
        # At the prompt, and to a program that runs threads itself, they speak at once.
        assert ask(running, "say('at once')") == "at once\n"
        assert running.exec("_native.keep_interrupts(True)\nsay('mine')") == "mine\n"
        running.exec("_native.keep_interrupts(False)\n_native.configure()")
        assert running.exec("_native.ready(strand, 'mine, too')\n_native.run(0)") == "mine, too\n"


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_kept_output_is_bounded_and_counted(build, board):
    with launch.board(build(board)) as running:
        running.wait_for_prompt()
        running.exec(BACKGROUND)
        ask(running, "part = bytearray(100)")
        for _ in range(3):  # the ring begins elsewhere each time
            assert running.exec("for n in range(90): say('%07d' % n)") == ""  # 9 bytes each
            assert ask(running, "_native.output(part), part[-19:]") == (
                "(100, bytearray(b'0000009\\r\\n0000010\\r\\n0'))\n"
            )
            assert running.exec("for n in range(90, 200): say('%07d' % n)") == ""
            assert ask(running, "_native.output(kept), kept[:8], kept[1016:1024]") == (
                "(1024, bytearray(b'000011\\r\\n'), bytearray(b'0000124\\r'))\n"
            )
            assert ask(running, "_native.output_lost(), _native.output_lost()") == "(676, 0)\n"
        running.exec("say('forgotten')")
        runningboard.RunningBoard.soft_reset(running)
        assert ask(running, "import _native") == ""
        assert ask(running, "_native.output(bytearray(9))") == "0\n"


@pytest.mark.parametrize("board", ["host", "mps2"])
def test_soft_reset_forgets_the_kernel(build, board):
    with launch.board(build(board)) as running:
        running.wait_for_prompt()
        running.exec(BACKGROUND)
        running.exec(
            "_native.configure(drain=_native.Drain(drain), outside=lambda *args: args)\n"
            "for n in range(70): _native.post(print, n)\n"
            "async def timed(): await _native.park(None, 1)\n"
            "for n in range(9): _native.ready(_native.Strand(timed(), n, n + 1))\n"
            "_native.lock()\nprint(_native.yield_())"
        )
        runningboard.RunningBoard.soft_reset(running)
        running.exec("import _native, gc\nfor n in range(20): gc.collect(); [n] * 1000")
        assert running.exec("print(_native.locked(), _native.limit(), _native.run(0))") == (
            "False 0 0\n"
        )
        assert running.exec("print(_native.expire(), _native.posts_lost())") == "False 0\n"
        with pytest.raises(Exception, match="only a thread can wait"):
            running.exec("_native.yield_()")
