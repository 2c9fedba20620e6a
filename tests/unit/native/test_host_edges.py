"""Board host at its edges: signals at any moment, closed files, one disk for two, power cuts."""

import fcntl
import os
import re
import signal
import subprocess
import time

import pytest
from coiltools.disk import Disk

PROMPT = b">>> "


class Program:
    """The board as a process on pipes; leaves nothing behind.

    closed: descriptors that the program starts without.
    """

    def __init__(self, image, disk, script="", closed=(), **page):
        with Disk(disk) as prepared:
            prepared.page.prepare(script=script, **page)
        self.process = subprocess.Popen(
            [image],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COIL_DISK": str(disk)},
            preexec_fn=lambda: [os.close(file) for file in closed],
        )
        os.set_blocking(self.process.stdout.fileno(), False)

    def until(self, text: bytes, timeout: float = 30) -> bytes:
        """Read the output until `text`."""
        data = b""
        end = time.monotonic() + timeout
        while text not in data:
            assert time.monotonic() < end, data
            data += self.process.stdout.read() or b""
            assert text in data or self.process.poll() is None, (self.process.returncode, data)
            time.sleep(0.002)
        return data

    def send(self, text: bytes):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def finish(self) -> bytes:
        """Close its input and wait for the end."""
        os.set_blocking(self.process.stdout.fileno(), True)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture
def program(build, tmp_path):
    """Start board host with a script on the test's disk."""
    started = []

    def start(script="", **options):
        started.append(Program(build("host").image, tmp_path / "disk.img", script, **options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate(timeout=30)


def test_sigint_at_the_prompt_is_ctrl_c(program):
    board = program()
    board.until(PROMPT)
    board.send(b"print(1, ")
    board.until(b"print(1, ")
    board.process.send_signal(signal.SIGINT)
    board.until(PROMPT)
    board.send(b"print(6 * 7)\r")
    assert b"42" in board.finish()


def test_throw_at_the_prompt_hits_nobody(program):
    board = program("print('started')")
    board.until(PROMPT)
    board.send(
        b"import _native, machine\r"
        b"t = machine.Timer(period=5, callback=lambda t: (_native.throw(OSError), print('thrown')))\r"
    )
    board.until(b"thrown\r\n")
    board.send(b"t.deinit(); print(6 * 7)\r")
    board.until(b"42")


@pytest.mark.parametrize("act", ["pass", "_native.throw(None)", "_native.throw(OSError)"])
def test_ctrl_c_is_never_raised_in_a_drain_nor_lost(program, act):
    board = program(f"""
import _native, time
def drain():
    try:
        print('draining')
        end = time.ticks_add(time.ticks_ms(), 20000)
        while not _native.interrupted() and time.ticks_diff(end, time.ticks_ms()) > 0:
            time.sleep_ms(1)
        {act}
        print('drain is whole')
    except BaseException as e:
        print('drain got', repr(e))
_native.Drain(drain).pend()
try:
    for _ in range(1000): pass
    print('base goes on')
except BaseException as e:
    print('base got', repr(e))
""")
    board.until(b"draining")
    board.process.send_signal(signal.SIGINT)
    output = board.until(PROMPT)
    assert b"drain is whole\r\nbase got KeyboardInterrupt()" in output, output


@pytest.mark.parametrize("act", ["None", "OSError"])
def test_throw_from_any_callback_leaves_ctrl_c(program, act):
    """The callback ends when pin V0 is up, which the host page has before Ctrl-C is sent."""
    board = program(f"""
import _native, machine, micropython
def callback(pin):
    print('in callback')
    while not pin(): pass
    _native.throw({act})
micropython.schedule(callback, machine.Pin('V0'))
try:
    for _ in range(1000): pass
    print('base goes on')
except BaseException as e:
    print('base got', repr(e))
""")
    board.until(b"in callback")
    board.process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    with open(f"/proc/{board.process.pid}/environ", "rb") as file:
        disk = re.search(rb"COIL_DISK=([^\0]*)", file.read()).group(1)
    with open(disk, "r+b") as file:
        os.pwrite(file.fileno(), b"\1\0\0\0", 0xFF0040)
    assert b"base got KeyboardInterrupt()" in board.until(PROMPT)


def test_a_kept_ctrl_c_has_its_own_traceback(program):
    board = program("""
import _native
def first():
    print('first')
    while True: pass
def hog(_):
    print('second')
    while not _native.interrupted(): pass
try:
    first()
except KeyboardInterrupt:
    pass
_native.Drain(lambda: _native.nest(hog, None)).pend()
for _ in range(1000): pass
""")
    board.until(b"first")
    board.process.send_signal(signal.SIGINT)
    board.until(b"second")
    board.process.send_signal(signal.SIGINT)
    output = board.until(PROMPT)
    assert b"KeyboardInterrupt" in output and b"in first" not in output, output


def test_closed_standard_files_do_not_become_the_disk(program, tmp_path):
    board = program("print('x' * 5000)", closed=(1, 2))
    board.finish()
    assert b"xxxx" not in (tmp_path / "disk.img").read_bytes()
    board = program("print('up')", closed=(0,))
    assert board.finish().count(PROMPT) == 1
    assert board.process.returncode == 0


def test_resets_leak_no_file_and_survive_signals(program):
    """Sixty resets under a storm of what `coil press` sends, with the clock going on."""
    board = program(
        """
import machine, time, host
print('up')
try:
    n = int(open('/flash/n').read())
except OSError:
    n = 0
with open('/flash/n', 'w') as file:
    file.write(str(n + 1))
if n < 60:
    machine.reset()
print('cause', machine.reset_cause() == machine.HARD_RESET, time.gmtime()[:3])
print('done')
while True: time.sleep(1)
""",
        epoch_s=1_000_000_000,
    )
    output = board.until(b"up")
    end = time.monotonic() + 60
    while b"done" not in output:
        assert time.monotonic() < end, output
        board.process.send_signal(signal.SIGUSR1)
        output += board.process.stdout.read() or b""
        assert board.process.poll() is None, (board.process.returncode, output)
        time.sleep(0.0005)
    assert b"cause True (2001, 9, 9)" in output, output
    assert len(os.listdir(f"/proc/{board.process.pid}/fd")) <= 5


def test_a_program_that_leaves_the_heap_locked_is_followed_by_a_prompt(program):
    board = program("import micropython\nmicropython.heap_lock()\n1 / 0")
    board.until(PROMPT)
    board.send(b"print([6 * 7])\r")
    board.until(b"[42]")


def test_a_soft_reset_unmasks_interrupts(program):
    board = program()
    board.until(PROMPT)
    board.send(b"import machine; machine.disable_irq(); machine.soft_reset()\r")
    board.until(b"soft reboot")
    board.send(b"print(6 * 7)\r")
    board.until(b"42")


HANGING_HANDLER = """
import machine, host
def hang(_):
    print('hanging')
    while True: pass
if machine.reset_cause() == machine.PWRON_RESET:
    WATCHDOG
    host.line(5, hang, None, True)
    host.trigger(5)
print('started again:', machine.reset_cause() == machine.WDT_RESET)
"""


def test_watchdog_resets_a_hanging_interrupt_handler(program):
    board = program(HANGING_HANDLER.replace("WATCHDOG", "machine.WDT(timeout=100)"))
    board.until(b"started again: True")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_power_off_works_in_a_hanging_interrupt_handler(program, number):
    board = program(HANGING_HANDLER.replace("WATCHDOG", "pass"))
    board.until(b"hanging")
    board.process.send_signal(number)
    assert board.process.wait(30) == 128 + number


def test_a_disk_belongs_to_one_board(program, build, tmp_path):
    """Also when the program is started without the tools; a reset keeps the claim."""
    board = program()
    board.until(PROMPT)
    board.send(b"import machine; machine.reset()\r")
    board.until(b"started by reset")
    other = subprocess.run(
        [build("host").image],
        env={**os.environ, "COIL_DISK": str(tmp_path / "disk.img")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )
    assert other.returncode == 2 and b"in use by another board" in other.stderr
    board.finish()
    with open(tmp_path / "disk.img", "r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_unusable_disks_are_refused(build, tmp_path):
    for name in tmp_path, tmp_path / "missing" / "disk.img", "/dev/null":
        done = subprocess.run(
            [build("host").image],
            env={**os.environ, "COIL_DISK": str(name)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
        )
        assert done.returncode == 2 and b"cannot be used: " in done.stderr, done
    empty = {**os.environ, "COIL_DISK": ""}
    done = subprocess.run(
        [build("host").image], env=empty, stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    assert done.returncode == 0 and b"no /flash" not in done.stdout, done


def test_a_killed_board_leaves_a_whole_file_system(program):
    """A file is what it was before or after the write, whenever the power goes."""
    writes = """
import random
n = 0
while True:
    with open('/flash/f%d' % (n % 7), 'w') as file:
        file.write(chr(97 + n % 26) * 5000)
    n += 1
    if n == 10: print('writing')
"""
    check = """
import os
for name in os.listdir('/flash'):
    text = open('/flash/' + name).read()
    assert text in ('', text[:1] * 5000), (name, len(text), set(text))
print('whole', len(os.listdir('/flash')))
"""
    for n in range(10):
        board = program(writes)
        board.until(b"writing")
        time.sleep(0.003 * n)
        board.process.kill()
        board.process.communicate(timeout=30)
        board = program(check)
        assert b"whole 7" in board.until(PROMPT)
        board.finish()


def test_ctrl_c_behind_unread_input(program):
    board = program("print('spinning')\nwhile True: pass")
    board.until(b"spinning")
    board.send(b"x" * 30000 + b"\x03")
    board.until(b"KeyboardInterrupt")
