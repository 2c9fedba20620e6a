"""The console between a board, a terminal and a borrower; the board is a socket pair here."""

import fcntl
import os
import pty
import signal
import socket
import termios
import threading
import time

import pytest
from coiltools.console import Console
from coiltools.lender import Lender
from coiltools.terminal import Terminal


class Bench:
    """A console in a child process, because it takes over the signals and the terminal."""

    def __init__(self, exit_after=None, stdin=None, stdout=None):
        self.board, theirs = socket.socketpair()
        self.board.settimeout(5)
        self.master, self.terminal = pty.openpty()
        self.settings = termios.tcgetattr(self.terminal)
        lender = Lender()
        self.port = lender.port
        self.pid = os.fork()
        if self.pid == 0:
            self._child(theirs, lender, exit_after, stdin, stdout)
        theirs.close()
        lender.close()

    def _child(self, theirs, lender, exit_after, stdin, stdout):
        status = 1
        try:
            self.board.close()
            os.setsid()
            fcntl.ioctl(self.terminal, termios.TIOCSCTTY, 0)
            stdin = self.terminal if stdin is None else stdin
            stdout = self.terminal if stdout is None else stdout
            terminal = Terminal(stdin, stdout)
            Console(theirs.fileno(), terminal, lender=lender, exit_after=exit_after).run()
            status = 0
        finally:
            os._exit(status)

    def shown(self, text: bytes, timeout=5) -> bytes:
        """Read the terminal until `text`."""
        got = b""
        deadline = time.monotonic() + timeout
        os.set_blocking(self.master, False)
        while text not in got:
            assert time.monotonic() < deadline, got
            try:
                got += os.read(self.master, 4096)
            except BlockingIOError:
                time.sleep(0.002)
        return got

    def received(self, text: bytes) -> bytes:
        """Read on the board's side until `text`."""
        got = b""
        while text not in got:
            got += self.board.recv(4096)
        return got

    def until_raw(self):
        deadline = time.monotonic() + 5
        while termios.tcgetattr(self.terminal) == self.settings:
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def borrow(self) -> socket.socket:
        borrower = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        self.shown(b"console lent")
        return borrower

    def end(self) -> int:
        """The exit status once the console has ended."""
        deadline = time.monotonic() + 5
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.board.close()
        os.close(self.master)
        os.close(self.terminal)


@pytest.fixture
def make():
    benches = []

    def start(**options):
        benches.append(Bench(**options))
        return benches[-1]

    yield start
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make):
    bench = make()
    bench.until_raw()
    return bench


def test_both_directions(bench):
    bench.board.sendall(b"hello\r\n")
    bench.shown(b"hello\r\n")
    os.write(bench.master, b"key\x03\x04\x1a")
    assert bench.received(b"\x1a") == b"key\x03\x04\x1a"


@pytest.mark.parametrize("key", [b"\x1d", b"\x18"])
def test_leaving_restores_the_terminal(bench, key):
    os.write(bench.master, b"last" + key)
    assert bench.end() == 0
    assert termios.tcgetattr(bench.terminal) == bench.settings


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_restores_the_terminal(bench, number):
    os.kill(bench.pid, number)
    assert bench.end() == 0
    assert termios.tcgetattr(bench.terminal) == bench.settings


def test_closed_board_restores_the_terminal(bench):
    bench.board.close()
    bench.shown(b"closed by the other side")
    assert bench.end() == 0
    assert termios.tcgetattr(bench.terminal) == bench.settings


def test_lent_and_returned(bench):
    with bench.borrow() as borrower:
        borrower.sendall(b"from the borrower")
        assert bench.received(b"borrower") == b"from the borrower"
        bench.board.sendall(b"answer")
        assert borrower.recv(100) == b"answer"
        os.write(bench.master, b"x")
        bench.shown(b"keys are not sent")
    shown = bench.shown(b"console returned")
    assert b"answer" not in shown
    os.write(bench.master, b"mine")
    assert bench.received(b"mine") == b"mine"


def test_prompt_that_the_borrower_did_not_read_is_shown(bench):
    with bench.borrow() as borrower:
        borrower.sendall(b"\r\x01")
        bench.received(b"\x01")
        borrower.sendall(b"\r\x02")
        bench.received(b"\x02")
        bench.board.sendall(b"greeting\r\n>>> ")
        assert borrower.recv(100) == b"greeting\r\n>>> "
    bench.shown(b">>> ")


def test_killed_borrower_is_taken_out_of_the_raw_repl(bench):
    with bench.borrow() as borrower:
        borrower.sendall(b"\r\x01")
        bench.received(b"\x01")
    assert bench.received(b"\x02") == b"\r\x02"


def test_killed_borrower_is_taken_out_of_the_middle_of_a_paste(bench):
    with bench.borrow() as borrower:
        borrower.sendall(b"\r\x01")
        bench.received(b"\x01")
        borrower.sendall(b"\x05A")
        bench.received(b"A")
        borrower.sendall(b"\x01print(1")
        bench.received(b"(1")
    assert bench.received(b"\x02") == b"\x03\r\x02"
    with bench.borrow() as borrower:
        borrower.sendall(b"\r\x01\x05A\x01print(1)\x04")
        bench.received(b"\x04")
    assert bench.received(b"\x02") == b"\r\x02"


def test_what_a_restarted_board_says_is_shown(bench):
    with bench.borrow() as borrower:
        borrower.sendall(b"\r\x02")
        bench.received(b"\x02")
        borrower.sendall(b"\x04")
        bench.received(b"\x04")
        bench.board.sendall(b"soft reboot\r\nhello")
        assert borrower.recv(100)
    bench.shown(b"hello")


def test_second_borrower_is_refused(bench):
    with bench.borrow():
        second = socket.create_connection(("127.0.0.1", bench.port), timeout=5)
        assert b"in use by 127.0.0.1:" in second.makefile("rb").read()
        second.close()
    bench.shown(b"console returned")
    with bench.borrow():
        pass


def test_only_this_machine_can_connect(bench):
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    listening = [row[1] for row in rows if row[1].endswith(f":{bench.port:04X}")]
    assert listening and all(address.startswith("0100007F:") for address in listening)


def test_nothing_is_lost_on_a_slow_terminal(bench):
    data = b"".join(b"%07d\r\n" % n for n in range(100_000))
    sender = threading.Thread(target=bench.board.sendall, args=(data,))
    bench.board.settimeout(30)
    sender.start()
    time.sleep(0.3)
    assert sender.is_alive()  # the board waits: buffers are bounded
    assert data in bench.shown(data[-9:], timeout=30)
    sender.join()


def test_slow_terminal_does_not_hold_up_a_borrower(bench):
    bench.board.setblocking(False)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:  # fill everything up to the terminal
        try:
            bench.board.send(b"x" * 4096)
            deadline = time.monotonic() + 0.3
        except BlockingIOError:
            time.sleep(0.01)
    bench.board.settimeout(5)
    with socket.create_connection(("127.0.0.1", bench.port), timeout=5) as borrower:
        borrower.sendall(b"ping")
        assert bench.received(b"ping") == b"ping"


def test_piped_input_is_forwarded_with_returns(make):
    reading, writing = os.pipe()
    out_reading, out_writing = os.pipe()
    bench = make(stdin=reading, stdout=out_writing, exit_after=1)
    os.write(writing, b"a=1\nprint(a)\r\n")
    os.close(writing)
    assert bench.received(b")\r") == b"a=1\rprint(a)\r"
    bench.board.sendall(b"1\r\n")
    assert os.read(out_reading, 100) == b"1\r\n"
    assert bench.end() == 0
    for fd in (reading, out_reading, out_writing):
        os.close(fd)


def test_no_input_keeps_the_board_running(make):
    with open(os.devnull, "rb") as nothing:
        bench = make(stdin=nothing.fileno())
        time.sleep(0.2)
        bench.board.sendall(b"still here")
        bench.shown(b"still here")
