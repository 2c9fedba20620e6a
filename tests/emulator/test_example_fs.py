"""The examples with storage, on both boards, over restarts."""

import re

import pytest
from coiltools import apps, firmware, launch

BOARDS = ["mps2", "host"]


@pytest.mark.parametrize("board", BOARDS)
def test_boot_count_counts_its_starts(board, tmp_path):
    built = firmware.build(apps.find("boot_count"), board)
    for start in (1, 2):
        with launch.board(built, disk=tmp_path / "disk.img") as running:
            shown = running.wait_for_prompt(20)
        assert f"start number {start}\n" in shown, shown


@pytest.mark.parametrize("board", BOARDS)
def test_data_logger_goes_on_where_it_was(board, tmp_path, coil_run):
    built = firmware.build(apps.find("data_logger"), board)
    disk = str(tmp_path / "disk.img")
    options = "--board", board, "--disk", disk
    run = coil_run(*options, image=built.image)
    run.wait("records 0 to 0")
    run.wait("exported ")
    run.wait("lost 0")
    run.wait("exported ")
    run.wait("lost 0")
    assert run.leave() == 0
    done = int(re.findall(r"exported (\d+) lost", run.shown)[-1])
    assert done > 5
    run = coil_run(*options, image=built.image)
    run.wait("records 0 to ")
    appended = int(run.wait("\n"))
    assert appended >= done
    run.wait("exported ")
    again = int(run.wait(" lost 0").split()[0])
    assert again > appended
    assert run.leave() == 0
