"""Firmwares and boards for the tests of boards/native and boards/host."""

from pathlib import Path

import pytest
from coiltools import firmware, launch, runningboard

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def build():
    """Build a board's firmware without an application, once a session."""
    built = {}

    def get(board: str, native: bool = True) -> firmware.Firmware:
        if (board, native) not in built:
            built[board, native] = firmware.build(None, board, native=native)
        return built[board, native]

    return get


@pytest.fixture
def run_file(build):
    """Run a script file on a fresh board and return what it prints; it must say that it passed."""

    def run(name: str, board: str = "host", native: bool = True, timeout: float = 60) -> str:
        text = (HERE / name).read_text()
        running = launch.board(build(board, native))
        output = runningboard.run_script(running, text, timeout)
        assert output.endswith("passed\n"), output
        return output

    return run


@pytest.fixture
def host(build):
    """A running board `host` at its prompt, with a blank disk."""
    with launch.board(build("host")) as board:
        board.wait_for_prompt()
        yield board
