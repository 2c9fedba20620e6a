"""coil doctor: what it finds, and that its status says so."""

import pytest
from coiltools import cli, health, paths, source


def by_name(findings):
    return {finding.what: finding for finding in findings}


def test_machine_that_runs_the_tests_has_every_tool():
    assert [f.what for f in health.tools() if f.state == "bad"] == []


def test_missing_tools_are_bad_and_name_their_packages(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = by_name(health.tools())
    assert found["qemu-system-arm"].state == "bad"
    assert "apt-get install gcc-arm-none-eabi" in found["arm-none-eabi-gcc"].mend
    assert found["gdb-multiarch"].state == "bad"


def test_differences_from_a_lock():
    lock = (
        "pytest==0.0.1 \\\n    --hash=sha256:00\n"
        "coil-no-such-package==1 \\\n    --hash=sha256:00\n"
        "coil-other-system==2 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
    )
    wrong = list(health.differences(lock))
    assert len(wrong) == 2
    assert wrong[0].endswith("instead of 0.0.1")
    assert wrong[1] == "coil-no-such-package is missing"


def test_damaged_file_in_the_cache_is_bad_with_both_hashes(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    archive = source.PINNED["1.26.1"][0]
    (tmp_path / archive.name).write_bytes(b"damaged")
    finding = by_name(health.micropython())["cache"]
    assert finding.state == "bad"
    assert archive.sha256 in finding.found
    assert str(tmp_path / archive.name) in finding.mend


@pytest.mark.parametrize("free_mb, state", [(100, "bad"), (300, "note"), (5000, "ok")])
def test_free_space(free_mb, state, monkeypatch):
    class Usage:
        free = free_mb * 10**6

    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: Usage)
    assert {finding.state for finding in health.space()} == {state}


def test_doctor_refuses_an_application_that_hides_a_module(tmp_path, capsys):
    (tmp_path / "app.py").write_text("print('hello')\n")
    (tmp_path / "asyncio.py").write_text("")
    assert cli.main(["doctor", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "asyncio.py" in said and "rename it" in said


def test_doctor_accepts_a_clean_application(tmp_path):
    (tmp_path / "app.py").write_text("print('hello')\n")
    assert [f.state for f in health.application(tmp_path)] == ["ok"]
    assert list(health.application(tmp_path / "elsewhere")) == []
