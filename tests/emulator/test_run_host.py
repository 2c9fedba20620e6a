"""Board host behind the same commands as the emulated board."""

import os
import signal
import time

import pytest
from coiltools.hostboard import HostBoard
from coiltools.rawrepl import BoardException

PROMPT = ">>> "


@pytest.fixture
def run(coil_run, host_program):
    run = coil_run("--board", "host", image=host_program)
    run.wait(PROMPT)
    return run


@pytest.fixture
def board(host_program):
    with HostBoard(host_program, flags=4) as board:
        board.wait_for_prompt()
        yield board


def test_exec_and_exceptions(board):
    assert board.exec("x = 6\nprint(x * 7)") == "42\n"
    with pytest.raises(BoardException, match="ZeroDivisionError"):
        board.exec("print('first')\n1/0")
    assert board.exec("print(x)") == "6\n"


def test_soft_reset_forgets(board):
    board.exec("x = 1")
    board.soft_reset()
    with pytest.raises(BoardException, match="NameError"):
        board.exec("x")


def test_script(board):
    assert board.run_script("print('one')\nprint('two')") == "one\ntwo\n"


def test_press(board):
    board.exec(
        "from machine import Pin\nedges = []\n"
        "Pin('BUTTON1', Pin.IN).irq(lambda pin: edges.append(pin()))"
    )
    board.pins.press(0, ms=20)
    assert board.exec("print(edges)") == "[1, 0]\n"


def test_mpremote(run, tmp_path):
    source, back = tmp_path / "data.bin", tmp_path / "back.bin"
    source.write_bytes(os.urandom(1000))
    assert run.mpremote("exec", "print(6*7)").split() == ["42"]
    run.mpremote("fs", "cp", str(source), ":data.bin")
    run.mpremote("soft-reset")
    run.mpremote("fs", "cp", ":data.bin", str(back))
    assert back.read_bytes() == source.read_bytes()
    (tmp_path / "remote.py").write_text("print('from the host')\n")
    assert "from the host" in run.mpremote("mount", str(tmp_path), "exec", "import remote")


def test_interrupt_reset_and_leave(run):
    run.type("while True: pass\r\r")
    time.sleep(0.2)
    run.type("\x03")
    run.wait("KeyboardInterrupt")
    run.type("import machine; machine.reset()\r")
    run.wait("started by")
    run.wait(PROMPT)
    assert run.leave() == 0


def test_crash_is_reported(run):
    run.type("import uctypes; uctypes.bytearray_at(8, 4)[0]\r")
    run.wait("SIGSEGV")
    assert run.process.wait(10) == 1


def test_crash_signal_from_outside_is_reported(run):
    with open(f"/proc/{run.process.pid}/task/{run.process.pid}/children") as file:
        os.kill(int(file.read()), signal.SIGSEGV)
    run.wait("SIGSEGV")
    assert run.process.wait(10) == 1


def test_watch(coil_run, host_program, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "app.py").write_text("print('version', 1)\n")
    run = coil_run("--board", "host", str(folder), "--watch", image=host_program)
    run.wait("version 1\r\n", timeout=60)
    (folder / "app.py").write_text("print('version', 2)\n")
    run.wait("version 2\r\n")


def test_a_failed_thread_is_remembered_over_the_reset(board):
    code = "import rtos\nasync def fail():\n    raise ValueError('no bread')\n"
    code += (
        "async def main():\n    rtos.Thread(fail, name='toaster', on_failure=rtos.RESET).start()\n"
    )
    code += "    await rtos.sleep_ms(5000)\nrtos.run(main)"
    board.console.write(b"\x05" + code.encode() + b"\n\x04")
    board.wait_for_prompt()
    said = board.exec("import rtos\nprint(rtos.last_crash())")
    assert "toaster" in said and "no bread" in said
