"""Board host as a program: console, Ctrl-C, resets, storage, pins, explorer."""

import contextlib
import os
import pty
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest
from coiltools import launch
from coiltools.disk import Disk
from coiltools.runningboard import RunningBoard


@pytest.mark.parametrize("name", ["explore", "explore_gc", "flash", "interrupts", "storm"])
def test_script(run_file, name):
    run_file(f"host_scripts/{name}.py")


def start(image, tmp_path, script="", disk=None, **options):
    """The program on pipes: no terminal anywhere."""
    with Disk(disk or tmp_path / "disk.img") as prepared:
        prepared.page.prepare(script=script, **options)
        path = prepared.path
    return subprocess.Popen(
        [image],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COIL_DISK": str(path)},
    )


def read_until(process, text: bytes, timeout: float = 20) -> bytes:
    """Read its output until `text`; fails after the timeout."""
    data = b""
    os.set_blocking(process.stdout.fileno(), False)
    end = time.monotonic() + timeout
    while text not in data:
        assert time.monotonic() < end, data
        data += process.stdout.read() or b""
        time.sleep(0.005)
    return data


def finish(process) -> bytes:
    """Close its input and wait: a board without console and work ends by itself."""
    os.set_blocking(process.stdout.fileno(), True)
    output, _ = process.communicate(timeout=20)
    return output


def test_pipes_and_end_of_input(build, tmp_path):
    board = start(build("host").image, tmp_path)
    board.stdin.write(b"print(6 * 7)\r")
    assert b"42\r\n" in finish(board)
    assert board.returncode == 0


@pytest.mark.parametrize("way", ["byte", "signal"])
@pytest.mark.parametrize("loop", ["pass", "import time; time.sleep(100)", "input()"])
def test_ctrl_c_reaches_any_program(build, tmp_path, way, loop):
    script = f"print('spinning')\nwhile True:\n    {loop}\n"
    board = start(build("host").image, tmp_path, script)
    read_until(board, b"spinning")
    time.sleep(0.05)
    if way == "byte":
        board.stdin.write(b"\x03")
        board.stdin.flush()
    else:
        board.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in read_until(board, b">>> ")
    finish(board)


def test_ctrl_c_is_kept_from_nested_code(build, tmp_path):
    """A nested function that hogs is thrown at by a higher drain; the base gets nothing."""
    script = """
import _native, machine
class Stop(BaseException): pass
def hog(_):
    print('spinning')
    while True: pass
def low():
    try:
        _native.nest(hog, None)
    except BaseException as e:
        print('hog got', repr(e))
def watch():
    if _native.interrupted():
        _native.interrupted(CLEAR)
        _native.throw(Stop)
timer = machine.Timer(period=10, callback=_native.Drain(watch), hard=True)
_native.Drain(low).pend()
try:
    for _ in range(1000): pass
    print('base goes on')
except KeyboardInterrupt:
    print('base got it')
timer.deinit()
"""
    for clear, base in ("True", b"base goes on"), ("False", b"base got it"):
        board = start(build("host").image, tmp_path, script.replace("CLEAR", clear))
        read_until(board, b"spinning")
        board.stdin.write(b"\x03")
        board.stdin.flush()
        output = read_until(board, b">>> ")
        assert b"hog got Stop()" in output, output
        assert base in output, output
        finish(board)


def test_a_long_input_is_not_lost(build, tmp_path):
    board = start(build("host").image, tmp_path, "import sys\nprint(len(sys.stdin.read(200000)))")
    board.stdin.write(b"x" * 200000)
    assert b"200000\r\n" in finish(board)


def test_terminal_gets_its_modes_back(build, tmp_path):
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    for ending in b"host.power_off(0)\r", b"import machine; machine.mem8[0]\r", None:
        board = subprocess.Popen(
            [build("host").image],
            stdin=slave,
            stdout=slave,
            env={**os.environ, "COIL_DISK": str(tmp_path / "disk.img")},
        )
        data = b""
        while not data.endswith(b">>> "):
            data += os.read(master, 1000)
        assert not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        if ending:
            os.write(master, b"import host\r" + ending)
        else:
            board.terminate()
        board.wait(timeout=20)
        assert termios.tcgetattr(slave) == before
        os.set_blocking(master, False)
        with contextlib.suppress(BlockingIOError):
            os.read(master, 10000)
        os.set_blocking(master, True)
    os.close(master)
    os.close(slave)


def test_soft_reset_keeps_nothing_but_the_disk(host):
    host.exec("open('/flash/kept', 'w').write('yes')")
    host.exec("import machine, host\nt = machine.Timer(period=1, callback=lambda t: 0)\nx = 1")
    RunningBoard.soft_reset(host)
    assert host.exec("print('x' in globals(), open('/flash/kept').read())") == "False yes\n"
    assert host.exec("import machine\nprint(machine.reset_cause() == machine.SOFT_RESET)") == (
        "True\n"
    )


def test_soft_reset_a_hundred_times(host):
    for _ in range(100):
        RunningBoard.soft_reset(host)
    assert host.exec("import gc\ngc.collect()\nprint(gc.mem_free() > 3_000_000)") == "True\n"


def test_reset_in_place(host):
    pid = host.pid
    host.exec("with open('/flash/kept', 'w') as file:\n file.write('yes')")
    os.write(host.fd, b"import machine; machine.reset()\r")
    host.console.until(b"started by reset", timeout=10)
    host.wait_for_prompt()
    assert host.pid == pid
    assert host.exec("print(open('/flash/kept').read())") == "yes\n"


def test_watchdog_resets_a_hung_program(host):
    os.write(host.fd, b"import machine; w = machine.WDT(timeout=100)\r\r")
    os.write(host.fd, b"machine.disable_irq(); exec('while True: pass')\r")
    host.console.until(b"started by watchdog", timeout=10)


def test_disk_of_wrong_size_is_refused(build, tmp_path):
    disk = tmp_path / "wrong.img"
    disk.write_bytes(b"x" * 100)
    done = subprocess.run(
        [build("host").image],
        env={**os.environ, "COIL_DISK": str(disk)},
        capture_output=True,
        timeout=20,
    )
    assert done.returncode == 2
    assert b"is no Coil disk" in done.stderr
    assert disk.read_bytes() == b"x" * 100


def test_arguments_are_refused(build):
    done = subprocess.run([build("host").image, "app.py"], capture_output=True, timeout=20)
    assert done.returncode == 2
    assert b"unknown argument app.py" in done.stderr


def test_without_a_disk_storage_lives_until_power_off(build):
    env = {k: v for k, v in os.environ.items() if not k.startswith("COIL_DISK")}
    code = (
        b"file = open('/flash/kept', 'w'); file.write('yes'); file.close()\r"
        b"import machine\rmachine.reset()\r"
        b"print('got', open('/flash/kept').read())\r"
    )
    board = subprocess.Popen(
        [build("host").image], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    )
    first, last = code.split(b"print")
    board.stdin.write(first)
    board.stdin.flush()
    read_until(board, b"started by reset")
    board.stdin.write(b"print" + last)
    assert b"got yes" in finish(board)


def test_page_sets_heap_clock_and_id(build, tmp_path):
    with launch.board(build("host"), heap=100_000, epoch_s=1_000_000_000) as board:
        board.wait_for_prompt()
        text = board.exec(
            "import gc, time, machine\n"
            "print(gc.mem_free() + gc.mem_alloc() < 100_000)\n"
            "print(0 <= time.time() - 1_000_000_000 < 60, machine.RTC().datetime()[:3])\n"
            "print(machine.unique_id().hex())\n"
            "machine.RTC().datetime((2030, 2, 3, 0, 4, 5, 6, 0))\nprint(time.gmtime()[:5])"
        )
        assert text.split("\n")[:4] == [
            "True",
            "True (2001, 9, 9)",
            board.page.unique_id.hex(),
            "(2030, 2, 3, 4, 5)",
        ]


def test_pins(host):
    host.exec(
        "import machine\n"
        "edges = []\n"
        "button = machine.Pin('BUTTON1', machine.Pin.IN)\n"
        "irq = button.irq(lambda p: edges.append((p.value(), irq.flags())))\n"
        "led = machine.Pin('LED1', machine.Pin.OUT)\n"
        "out = machine.Pin('V3', machine.Pin.OUT, value=1)\n"
    )
    assert host.page.pins_out & 8 and host.page.pins_dir == 8
    for _ in range(20):
        for level in 1, 0:
            host.page.pins_in = level
            os.kill(host.pid, signal.SIGUSR1)
            end = time.monotonic() + 5
            while host.page.pins_seen != level:
                assert time.monotonic() < end
    text = host.exec("print(len(edges), edges[0], edges[-1])\nled.on()\nout.toggle()")
    assert text.startswith("40 ") or int(text.split()[0]) >= 20, text
    assert host.page.pins_out == 1 << 16
    signal_code = (
        "s = machine.Signal(out, invert=True)\ns.on()\nprint(out(), s.value(), button, out, led)"
    )
    assert host.exec(signal_code) == "0 1 <Pin V0 in> <Pin V3 out> <Pin LED1>\n"
    wrong = "for n in 'V16', 'LED0', 'LED11', 'BUTTON3', 'A6', 16, None:\n"
    wrong += " try:\n  machine.Pin(n)\n  print(n)\n except ValueError as e:\n  pass"
    assert host.exec(wrong) == ""


def test_idle_board_uses_no_processor_time(host):
    def ticks() -> int:
        fields = Path(f"/proc/{host.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(1)
    assert ticks() - before <= os.sysconf("SC_CLK_TCK") // 20
