"""mpremote on a board whose console `coil run` holds in another terminal."""

import os
import signal
import socket
import termios
import time

import pytest

PROMPT = ">>> "


@pytest.fixture
def run(coil_run):
    run = coil_run()
    run.wait(PROMPT)
    return run


def test_prompt_answers(run):
    run.type("6*7\r")
    assert "42" in run.wait("\n" + PROMPT.strip())


def test_opening_line_names_keys_and_port(run):
    url = run.coil("port").stdout.strip()
    assert url.startswith("socket://127.0.0.1:")
    assert url in run.shown
    assert "Ctrl-]" in run.shown


def test_exec_while_the_terminal_is_open(run):
    assert run.mpremote("exec", "print(6*7)").split() == ["42"]
    run.wait("console lent")
    run.wait("console returned")
    run.wait(PROMPT)
    run.type("'ba'+'ck'\r")
    run.wait("'back'")


def test_run_a_file(run, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("for i in range(3):\n    print(i)\n")
    assert run.mpremote("run", str(script)).split() == ["0", "1", "2"]


def test_copy_there_and_back(run, tmp_path):
    source, back = tmp_path / "data.bin", tmp_path / "back.bin"
    source.write_bytes(os.urandom(3000))
    run.mpremote("fs", "cp", str(source), ":data.bin")
    assert "3000 data.bin" in run.mpremote("fs", "ls")
    run.mpremote("fs", "cp", ":data.bin", str(back))
    assert back.read_bytes() == source.read_bytes()


def test_mount_a_folder_of_the_host(run, tmp_path):
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "remote.py").write_text("print('from the host')\n")
    assert "from the host" in run.mpremote("mount", str(folder), "exec", "import remote")


def test_soft_reset(run):
    run.mpremote("exec", "kept = 1")
    run.mpremote("soft-reset")
    assert "NameError" in run.mpremote(
        "exec", "try:\n kept\nexcept NameError as e: print(repr(e))"
    )


def test_interrupts_what_runs_in_the_terminal(run):
    run.type("while True: pass\r\r")
    time.sleep(0.2)
    assert run.mpremote("exec", "print('taken')").strip() == "taken"


def test_second_borrower_is_refused_and_told_why(run):
    port = int(run.coil("port").stdout.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as first:
        run.wait("console lent")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as second:
            assert "in use" in second.makefile().read()
        first.sendall(b"1+1\r")
        first.settimeout(5)
        got = b""
        while b"2\r\n" not in got:
            got += first.recv(100)
    run.wait("console returned")


def test_killed_borrower_leaves_a_usable_prompt(run):
    port = int(run.coil("port").stdout.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as borrower:
        borrower.sendall(b"\r\x01")
        got = b""
        while b"raw REPL" not in got:
            got += borrower.recv(100)
    run.wait("console returned")
    run.wait(PROMPT)
    run.type("'us'+'able'\r")
    run.wait("'usable'")


def test_two_boards_at_once(coil_run):
    first, second = coil_run(), coil_run()
    for run in (first, second):
        run.wait(PROMPT)
    ambiguous = first.coil("port")
    assert ambiguous.returncode == 1
    assert "mps2-1" in ambiguous.stderr and "--instance" in ambiguous.stderr
    for name in ("mps2-1", "mps2-2"):
        first.mpremote("exec", f"with open('name', 'w') as f: f.write('{name}')", instance=name)
    for name in ("mps2-1", "mps2-2"):
        told = first.mpremote("exec", "print(open('name').read())", instance=name)
        assert told.strip() == name


def test_files_persist_across_runs(coil_run):
    run = coil_run()
    run.wait(PROMPT)
    run.mpremote("exec", "with open('kept', 'w') as f: f.write('still here')")
    assert run.leave() == 0
    run = coil_run()
    run.wait(PROMPT)
    assert run.mpremote("exec", "print(open('kept').read())").strip() == "still here"
    assert run.leave() == 0
    run = coil_run("--format")
    run.wait(PROMPT)
    assert run.mpremote("exec", "import os; print(os.listdir())").strip() == "[]"


@pytest.mark.parametrize("end", ["leave", "terminate", "emulator"])
def test_terminal_and_files_are_put_back(run, end):
    assert termios.tcgetattr(run.terminal) != run.settings
    description = run.home / "run" / "mps2-1.json"
    assert description.exists()
    if end == "leave":
        assert run.leave() == 0
    elif end == "terminate":
        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(10) == 0
    else:
        (child,) = children(run.process.pid)
        os.kill(child, signal.SIGKILL)
        assert run.process.wait(10) == 1
        assert "SIGKILL" in run.shown
    assert termios.tcgetattr(run.terminal) == run.settings
    assert not description.exists()


def test_emulator_dies_with_a_killed_owner(run):
    (emulator,) = children(run.process.pid)
    run.process.kill()
    run.process.wait()
    deadline = time.monotonic() + 5
    while alive(emulator):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    after = run.coil("port")
    assert after.returncode == 1 and "no board is running" in after.stderr


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
