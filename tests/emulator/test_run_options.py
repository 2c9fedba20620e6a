"""`coil run` and `coil debug`: watching, snapshots, devices, heap, network, bad input."""

import socket

import pytest
from coiltools.devices import Network
from coiltools.emulator import Emulator
from coiltools.runningboard import run_script

PROMPT = ">>> "


@pytest.fixture
def application(tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "other.py").write_text("VERSION = 1\n")
    (folder / "app.py").write_text(
        "import time\nimport other\nprint('version', other.VERSION)\n"
        "while True:\n    time.sleep(0.1)\n"
    )
    return folder


def test_watch_runs_a_change(coil_run, application):
    run = coil_run(str(application), "--watch")
    run.wait("version 1\r\n", timeout=60)
    for version in (2, 3):
        (application / "other.py").write_text(f"VERSION = {version}\n")
        run.wait(f"version {version}\r\n")


def test_watch_keeps_the_old_application_on_a_syntax_error(coil_run, application):
    run = coil_run(str(application), "--watch")
    run.wait("version 1\r\n", timeout=60)
    (application / "other.py").write_text("VERSION = = 2\n")
    run.wait("other.py:1: invalid syntax")
    (application / "other.py").write_text("match 1:\n    case 1: pass\n")
    run.wait("other.py does not compile")  # Python's, but not MicroPython's
    run.wait("line 1")
    run.type("\x03")
    run.wait("KeyboardInterrupt")  # it was still running
    (application / "other.py").write_text("VERSION = 3\n")
    run.wait("version 3\r\n")


def test_watched_application_does_not_stay_on_the_disk(coil_run, application):
    run = coil_run(str(application), "--watch")
    run.wait("version 1\r\n", timeout=60)
    assert run.leave() == 0
    run = coil_run()
    run.wait(PROMPT)
    assert "version" not in run.shown


def test_watch_follows_every_module_that_is_imported(coil_run, application):
    (application / "_own.py").write_text("X = 1\n")
    (application / "app.py").write_text(
        "import _own, other\nprint('got', _own.X, other.VERSION)\n"
    )
    run = coil_run(str(application), "--watch")
    run.wait("got 1 1", timeout=60)
    (application / "_own.py").write_text("X = 2\n")
    run.wait("got 2 1")
    # What is gone is not to be had from an older firmware either.
    (application / "other.py").unlink()
    run.wait("no module 'other'")
    run.wait("the old application goes on")
    (application / "app.py").rename(application / "main.py")
    run.wait("has no app.py")
    (application / "coil.toml").write_text('[app]\nmain = "main.py"\n')
    (application / "other.py").write_text("VERSION = 5\n")
    run.wait("got 2 5")


def test_heap_option(coil_run):
    run = coil_run("--heap", "90K")
    run.wait(PROMPT)
    size = int(run.mpremote("exec", "import gc; print(gc.mem_free() + gc.mem_alloc())"))
    assert 80 << 10 < size <= 90 << 10


def test_snapshot_goes_on_where_it_was_left(coil_run, tmp_path):
    file = tmp_path / "state.qcow2"
    run = coil_run("--snapshot", str(file))
    run.wait(PROMPT)
    run.type("kept = 6 * 7\r")
    run.wait(PROMPT)
    assert run.leave() == 0
    run = coil_run("--snapshot", str(file))
    run.wait("mps2-1")
    run.type("print('kept', kept)\r")
    run.wait("kept 42")


def test_snapshot_holds_the_disk(board_factory, tmp_path):
    board = board_factory(snapshot=tmp_path / "state.qcow2")
    board.exec("with open('f', 'w') as f: f.write('before')")
    board.save("one")
    board.exec("with open('f', 'w') as f: f.write('after')")
    assert board.snapshots() == ["one"]
    board.load("one")
    assert board.exec("print(open('f').read())") == "before\n"


def test_serial_port_to_a_unix_socket(board_factory, tmp_path):
    path = tmp_path / "uart1"
    board = board_factory(serial=[f"1=unix:{path}"])
    assert board.serial_ports()[0][0] == 1
    assert path.is_socket()


def test_network_forwards_and_captures(board_factory, tmp_path):
    pcap = tmp_path / "frames.pcap"
    board = board_factory(network=Network([], pcap))
    assert board.exec("import machine\nprint(hex(machine.mem32[0x40200050]))") == "0x1180001\n"
    board.close()
    assert pcap.read_bytes()[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4")


def test_network_to_a_unix_socket(coil_run, tmp_path):
    cable = tmp_path / "cable"
    run = coil_run("--net", f"socket:unix:{cable}")
    run.wait(PROMPT)
    code = (
        "from drivers import Ethernet; dev = Ethernet(); dev.start(print); dev.send(bytes(60), 60)"
    )
    with socket.socket(socket.AF_UNIX) as ours:
        ours.settimeout(10)
        ours.connect(str(cable))
        run.type(code + "\r")
        assert ours.recv(64) == b"\0\0\0\x3c" + bytes(60)


def test_script_with_icount_repeats_exactly(firmware):
    script = "import time\nfor i in range(1000): pass\nprint(time.ticks_us())"
    times = {run_script(Emulator(firmware, icount=6, epoch_s=0), script) for _ in range(2)}
    assert len(times) == 1
    assert int(times.pop()) > 0


def test_script_that_raises_shows_its_traceback(board):
    shown = board.run_script("print('first')\n1/0")
    assert shown.startswith("first\nTraceback")
    assert "line 2" in shown and shown.rstrip().endswith("divide by zero")
    assert board.run_script("print('next')") == "next\n"


def test_debugger_attaches_to_a_running_board(coil_run):
    run = coil_run()
    run.wait(PROMPT)
    said = run.coil("debug", "--ex", "info registers pc", "--ex", "detach", "--ex", "quit")
    assert "pc " in said.stdout, said.stdout + said.stderr
    assert run.mpremote("exec", "print('alive')").strip() == "alive"


def test_debugger_starts_a_halted_board(firmware, coil_run, tmp_path):
    run = coil_run()
    run.wait(PROMPT)
    run.leave()
    said = run.coil(
        "debug",
        *("--image", str(firmware), "--ex", "break main", "--ex", "continue"),
        *("--ex", "kill", "--ex", "quit"),
    )
    assert "Breakpoint 1, main" in said.stdout, said.stdout + said.stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--board", "mps3"], "did you mean 'mps2'"),
        (["blinki"], "did you mean 'blinky'"),
        (["--heep", "90K"], "--heap"),
        (["--heap", "lots"], "not a size"),
        (["--heap", "90G"], "not a size"),
        (["--heap", "64M"], "takes 16K .. 4096K"),
        (["--icount", "99"], "must be 0 .. 10"),
        (["--pcap", "x.pcap"], "add --net"),
        (["--net", "socket:pty"], "no place to connect the Ethernet"),
        (["--net=usr"], "did you mean 'user'"),
        (["--watch"], "needs an application"),
        (["--i2c", "tmp106@0x48"], "did you mean 'tmp105'"),
        (["--serial", "0=pty"], "0 is the console"),
        (["--instance", "board"], "no instance of board mps2"),
        (["--image", "/dev/null"], "there is no firmware"),
        (["--image", __file__], "not an ELF file"),
        (["--snapshot", __file__], "is no snapshot"),
        (["--snapshot", f"{__file__}.none/x"], "there is no folder"),
        (["--exit-after", "-1"], "--exit-after"),
        (["--disk", "/dev/null/x"], "cannot be opened"),
        (["--board", "host", "--net"], "board host is no emulated board"),
    ],
)
def test_bad_input_says_what_to_do(coil_run, arguments, said):
    run = coil_run(*arguments)
    run.wait(said)
    assert run.process.wait(10) in (1, 2)
    assert "Traceback" not in run.shown


def test_missing_firmware(tmp_path, firmware, coil_run):
    run = coil_run("--image", str(tmp_path / "none.elf"))
    run.wait("there is no firmware")
    assert run.process.wait(10) == 1
