"""coil fs pull and push with boards that run, also over a port as a real board is reached."""

import json
import os
import re
import select
import socket
import threading
from pathlib import Path

from coiltools import hostpage

PROMPT = ">>> "
WRITER = """
import board, rtos
device = board.storage()[0][0]
async def write():
    n = 0
    while True:
        n += 1
        device.writeblocks(2000, b'%08d' % n, 0)
        await rtos.sleep_ms(1)
rtos.start()
rtos.Thread(write).start()
print('wri' + 'tes')
"""


def fs(run, *arguments, fails: bool = False):
    done = run.coil("fs", *map(str, arguments))
    assert done.returncode == fails, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if fails else done.stdout


def image_of(run, tmp_path: Path, text: str) -> Path:
    source = tmp_path / "files.json"
    source.write_text(json.dumps({"main.py": text}))
    image = tmp_path / "new.img"
    fs(run, "build", image, source, "--kind", "littlefs", "--size", "8M")
    return image


def test_volume_of_a_board_that_runs(coil_run, tmp_path):
    run = coil_run()
    run.wait(PROMPT)
    run.type("with open('kept', 'w') as f: _ = f.write('before')\r\r\n")
    run.wait(PROMPT)
    run.type("print('writ' + 'ten')\r")
    run.wait("written")
    back = tmp_path / "back.img"
    fs(run, "pull", back)
    assert fs(run, "cat", back, "kept") == "before"
    # The board has not noticed.
    run.type("print(open('kept').read() + ' and after')\r")
    run.wait("before and after")

    by_prompt = tmp_path / "prompt.img"
    port = run.coil("port").stdout.strip()
    fs(run, "pull", by_prompt, "--port", port)
    assert by_prompt.read_bytes() == back.read_bytes()

    fs(run, "push", image_of(run, tmp_path, "print('pushed', 6 * 7)"))
    run.wait("pushed 42")
    run.wait(PROMPT)
    run.type("import os; print(os.listdir('/flash'))\r")
    run.wait("['main.py']")
    # Over its prompt: what the program had open is gone with it, and the new one is started.
    run.type("f = open('more', 'w'); _ = f.write('lost')\r")
    run.wait(PROMPT)
    fs(run, "push", image_of(run, tmp_path, "print('prompted', 6 * 7)"), "--port", port)
    run.wait("prompted 42")
    run.wait(PROMPT)
    run.type("import os; print(os.listdir('/flash'))\r")
    run.wait("['main.py']")
    fs(run, "push", image_of(run, tmp_path, "print('pushed', 6 * 7)"))
    run.wait("pushed 42")
    run.wait(PROMPT)
    assert run.leave() == 0
    fs(run, "pull", back)
    assert fs(run, "cat", back, "main.py") == "print('pushed', 6 * 7)"


def test_push_leaves_a_halted_board_halted(coil_run, tmp_path):
    run = coil_run()
    run.wait(PROMPT)
    from coiltools.qmp import qmp

    description = json.loads((run.home / "run" / "mps2-1.json").read_text())
    with qmp(Path(description["qmp"])) as control:
        control.execute("stop")
    fs(run, "pull", tmp_path / "back.img")
    fs(run, "push", image_of(run, tmp_path, "print('pushed', 6 * 7)"))
    with qmp(Path(description["qmp"])) as control:
        assert not control.execute("query-status")["running"]
        control.execute("cont")
    run.wait("pushed 42")


def test_board_host_is_pulled_and_pushed_while_it_runs(coil_run, host_program, tmp_path):
    run = coil_run("--board", "host", image=host_program)
    run.wait(PROMPT)
    back = tmp_path / "back.img"
    fs(run, "pull", back)
    assert back.stat().st_size == hostpage.ROMFS[0]
    assert "sound" in fs(run, "check", back)
    port = run.coil("port").stdout.strip()
    fs(run, "pull", tmp_path / "prompt.img", "--port", port)
    assert (tmp_path / "prompt.img").read_bytes() == back.read_bytes()
    # A thread that writes goes on while the prompt is used: that makes no copy.
    run.type(f"exec({WRITER!r})\r")
    run.wait("writes")
    said = fs(run, "pull", tmp_path / "x.img", "--port", port, fails=True)
    assert "has changed while it was copied" in said and not (tmp_path / "x.img").exists()
    fs(run, "push", image_of(run, tmp_path, "print('pushed', 6 * 7)"))
    run.wait("pushed 42")
    run.wait(PROMPT)
    fs(run, "pull", back)
    assert fs(run, "cat", back, "main.py") == "print('pushed', 6 * 7)"
    assert back.read_bytes() == (tmp_path / "new.img").read_bytes(), "a thread has gone on"
    assert run.leave() == 0
    fs(run, "push", image_of(run, tmp_path, "print('stopped', 6 * 7)"), "--instance", "host-1")
    again = coil_run("--board", "host", image=host_program)
    again.wait("stopped 42")


class Line:
    """A serial port of this machine that leads to a board's console, and breaks after `limit` bytes."""

    def __init__(self, url: str, limit: int):
        host, port = url.removeprefix("socket://").split(":")
        self._board = socket.create_connection((host, int(port)))
        self._master, terminal = os.openpty()
        self.port = os.ttyname(terminal)
        self._terminal = terminal
        self._left = limit
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._left = 0
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._board.close()
        os.close(self._terminal)

    def _carry(self):
        self._carry_all()
        os.close(self._master)  # the other side notices at once

    def _carry_all(self):
        while self._left > 0:
            for ready in select.select([self._master, self._board], [], [], 0.1)[0]:
                if ready is self._board:
                    data = self._board.recv(4096)
                    os.write(self._master, data)
                    continue
                try:
                    data = os.read(self._master, min(256, self._left))
                except OSError:  # nobody has opened the port, or it was closed
                    self._left = 0
                    return
                self._left -= len(data)
                self._board.sendall(data)


def test_push_over_a_line_that_breaks_goes_on_where_it_stopped(coil_run, tmp_path):
    run = coil_run()
    run.wait(PROMPT)
    port = run.coil("port").stdout.strip()
    source = tmp_path / "large.json"
    text = "".join(str(n * n) for n in range(9000))
    source.write_text(json.dumps({"main.py": "print('pushed', 6 * 7)", "large": text}))
    image = tmp_path / "large.img"
    fs(run, "build", image, source, "--kind", "littlefs", "--size", "8M")
    before = tmp_path / "before.img"
    fs(run, "pull", before)

    with Line(port, 700) as line:
        said = fs(run, "push", image, "--port", line.port, fails=True)
    assert "does not answer" in said and "The volume on the board is as it was." in said
    fs(run, "pull", tmp_path / "x.img")
    assert (tmp_path / "x.img").read_bytes() == before.read_bytes()

    run.wait("console returned")
    with Line(port, 30000) as line:
        said = fs(run, "push", image, "--port", line.port, fails=True)
    run.wait("console returned")
    run.wait(PROMPT)
    assert "The board has no volume now" in said, said
    done, all_ = map(int, re.search(r"(\d+) of (\d+) blocks are replaced", said).groups())
    assert 0 < done < all_
    run.type("\r\x04")
    run.wait("the file system of /flash is damaged; nothing was changed")
    run.wait(PROMPT)

    with Line(port, 1 << 30) as line:
        said = run.coil("fs", "push", str(image), "--port", line.port).stderr
    # The block that it broke off in may have got there.
    sent = int(re.search(r"(\d+) blocks were replaced", said)[1])
    assert all_ - done - 1 <= sent <= all_ - done, said
    run.wait("pushed 42")
    run.wait(PROMPT)
    back = tmp_path / "back.img"
    fs(run, "pull", back)
    assert back.read_bytes() == image.read_bytes()


def test_push_to_a_board_with_a_bad_medium_or_other_blocks(coil_run, host_program, tmp_path):
    run = coil_run("--board", "host", image=host_program)
    run.wait(PROMPT)
    port = run.coil("port").stdout.strip()
    small = tmp_path / "small.img"
    source = tmp_path / "files.json"
    source.write_text("{}")
    fs(run, "build", small, source, "--kind", "littlefs", "--size", "64K")
    for where in ((), ("--port", port)):
        said = fs(run, "push", small, *where, fails=True)
        assert "has 2048 blocks of 4096 bytes" in said and "--size 8388608" in said, said
    # Whatever went before, the board has its volume and its prompt.
    run.type("import os; print(os.statvfs('/flash')[2])\r")
    run.wait("2048")


def test_board_that_cannot_send_its_volume(coil_run, tmp_path):
    run = coil_run()
    run.wait(PROMPT)
    run.type("import board; board.storage = None\r")
    run.wait(PROMPT)
    port = run.coil("port").stdout.strip()
    image = tmp_path / "x.img"
    said = fs(run, "pull", image, "--port", port, fails=True)
    assert "cannot send its volume" in said and "TypeError" in said
    assert not image.exists()
