"""coil fs pull and push with boards that run, and the volume that a board sends over its prompt."""

import json
from pathlib import Path

from coiltools import hostpage

PROMPT = ">>> "


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


def test_board_host_is_pulled_while_it_runs_and_pushed_when_it_is_stopped(
    coil_run, host_program, tmp_path
):
    run = coil_run("--board", "host", image=host_program)
    run.wait(PROMPT)
    back = tmp_path / "back.img"
    fs(run, "pull", back)
    assert back.stat().st_size == hostpage.ROMFS[0]
    assert "sound" in fs(run, "check", back)
    image = image_of(run, tmp_path, "print('pushed', 6 * 7)")
    assert "host-1 runs" in fs(run, "push", image, fails=True)
    run.type("print('still ' + 'here')\r")
    run.wait("still here")
    port = run.coil("port").stdout.strip()
    fs(run, "pull", tmp_path / "prompt.img", "--port", port)
    assert (tmp_path / "prompt.img").read_bytes() == back.read_bytes()
    assert run.leave() == 0
    fs(run, "push", image, "--instance", "host-1")
    again = coil_run("--board", "host", image=host_program)
    again.wait("pushed 42")


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
