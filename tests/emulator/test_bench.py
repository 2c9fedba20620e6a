"""Benchmarks: they repeat to the last digit, and the README's figures are theirs."""

import re

import pytest
from coiltools import bench, firmware
from coiltools.cli import main
from coiltools.paths import ROOT

#: Another compiler gives other figures; the README names the one it was made with.
_TOLERANCE = 0.25


@pytest.fixture(scope="module")
def results():
    built = firmware.build(None, "mps2")
    found = {}
    with bench.formatted_disk(built) as disk:
        for file in bench.files():
            found.update(bench.run(file, built, disk, 120))
    return found


def test_a_second_run_gives_the_same_figures(results):
    built = firmware.build(None, "mps2")
    # But for one that takes half a minute for its 100,000 interrupts.
    files = [file for file in bench.files() if file.stem != "rtos_latency"]
    with bench.formatted_disk(built) as disk:
        for file in files:
            for name, values in bench.run(file, built, disk, 120).items():
                if values.get(
                    "varies"
                ):  # the host has a part in it, and may be busy in one of both
                    assert values["instructions"] <= 4 * results[name]["instructions"], name
                else:
                    assert values == results[name], name


def test_empty_call_is_what_the_stm32_port_would_need(results):
    # 351 with the stm32 port's options, measured for the same core; shows that the options match.
    assert abs(results["vm.empty_call"]["instructions"] - 351) <= 35


def test_boot_figures_are_there(results):
    assert results["boot.instructions_to_main"]["instructions"] > 0
    assert results["boot.ram_at_main"]["bytes"] > 0


def test_readme_figures(results):
    table = re.findall(
        r"^\| `([\w.]+)`[^|]*\| ([\d,]+) \|", (ROOT / "README.md").read_text(), re.M
    )
    stated = {name: int(figure.replace(",", "")) for name, figure in table}
    assert set(stated) >= {"vm.empty_call", "asyncio.task_switch", "boot.instructions_to_main"}
    for name, figure in stated.items():
        values = results[name]
        measured = values.get("instructions", values.get("bytes"))
        assert abs(measured - figure) <= _TOLERANCE * figure, (name, figure, measured)


def test_a_benchmark_that_raises_is_a_failure(tmp_path):
    built = firmware.build(None, "mps2")
    file = tmp_path / "broken.py"
    file.write_text("1 // 0\n")
    with bench.formatted_disk(built) as disk, pytest.raises(Exception, match="did not end well"):
        bench.run(file, built, disk, 60)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["bench", "--board", "host"], "cannot count instructions"),
        (["bench", "asyncio_lop"], "did you mean 'asyncio_loop'?"),
    ],
)
def test_misuse(capsys, arguments, message):
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
