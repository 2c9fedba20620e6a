"""`coil run --i2c` and `coil set`: devices on both boards whose surroundings change while they run."""

import time

import pytest

PROMPT = ">>> "
_READ = (
    "from machine import I2C; "
    "t = I2C(3).readfrom_mem(0x48, 0, 2); print(((t[0] ^ 0x80) - 0x80 << 8 | t[1]) / 256)"
)


@pytest.fixture(params=["mps2", "host"])
def run(request, coil_run, firmware, host_program):
    image = {"mps2": firmware, "host": host_program}[request.param]
    run = coil_run("--board", request.param, "--i2c", "tmp105@0x48", image=image)
    run.wait(PROMPT)
    return run


def test_a_sensor_follows_its_surroundings(run):
    for text, read in ("42.5", 42.5), ("-17.5", -17.5), ("0", 0.0):
        done = run.coil("set", "i2c0", f"temperature={text}")
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"temperature={float(text)}\n"
        assert float(run.mpremote("exec", _READ)) == read
    assert "temperature=0.0\n" in run.coil("set", "i2c0").stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["i2c1", "temperature=1"], "i2c0"),
        (["i2c0", "temprature=1"], "temperature"),
        (["i2c0", "temperature=warm"], "warm"),
        (["i2c0", "temperature=1000"], "1000"),
        (["i2c0", "temperature"], "is no assignment"),
        (["i2c0", "=1"], "is no assignment"),
    ],
)
def test_bad_input_is_named(run, arguments, said):
    done = run.coil("set", *arguments)
    assert done.returncode == 1
    assert said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_it_is_heard_while_the_program_computes(coil_run, host_program):
    run = coil_run("--board", "host", "--i2c", "tmp105@0x48,alert=V5", image=host_program)
    run.wait(PROMPT)
    run.type("from machine import Pin\r")
    run.type("alerts = []; irq = Pin('V5').irq(lambda pin: print('alert', pin()))\r")
    run.type("Pin('V5').wire.pull(1)\r")
    run.type("for n in range(10**9): pass\r\r")
    time.sleep(0.2)
    assert run.coil("set", "i2c0", "temperature=85").returncode == 0
    run.wait("alert 0\r\n")
    assert run.coil("set", "i2c0", "temperature=20").returncode == 0
    run.wait("alert 1\r\n")
    run.type("\x03")


def test_a_reset_changes_nothing_around_the_board(coil_run, host_program):
    run = coil_run("--board", "host", "--i2c", "tmp105@0x48", image=host_program)
    run.wait(PROMPT)
    for reset, said in ("machine.reset()", "started by"), ("machine.soft_reset()", "soft reboot"):
        assert run.coil("set", "i2c0", "temperature=1.5").returncode == 0
        run.type(f"import machine; {reset}\r")
        run.wait(said)
        run.wait(PROMPT)
        assert float(run.mpremote("resume", "exec", _READ)) == 1.5
        assert run.coil("set", "i2c0", "temperature=0").returncode == 0


def test_nothing_attached(coil_run, host_program):
    run = coil_run("--board", "host", image=host_program)
    run.wait(PROMPT)
    assert "nothing is attached" in run.coil("set", "i2c0", "temperature=1").stderr


@pytest.mark.parametrize(
    "spec, said",
    [
        ("tmp106@0x48", "did you mean 'tmp105'"),
        ("tmp105@0x80", "address must be 0x8 .. 0x77"),
        ("tmp105@0x48,alart=V5", "did you mean 'alert'"),
    ],
)
def test_wrong_devices_of_board_host(coil_run, host_program, spec, said):
    run = coil_run("--board", "host", "--i2c", spec, image=host_program)
    run.wait(said)
    assert run.process.wait(10) == 1


def test_a_pin_that_does_not_exist(coil_run, host_program):
    run = coil_run("--board", "host", "--i2c", "tmp105@0x48,alert=V99", image=host_program)
    run.wait("cannot be attached: no such pin")
    run.wait(PROMPT)
