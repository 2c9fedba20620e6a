"""The suite of the contract "sensor" (docs/contracts.md), for any sensor that claims to be one.

check_sensor(sensor, wait) runs what needs no help from outside. check_reading() is for a quantity
that somebody has set, check_absent() for a sensor whose chip has been taken off the bus.
wait: wait(ms), which lets that time pass for the chip.
Runs on MicroPython and CPython; knows nothing of pytest. A case file has it with
`# uses: conformance/sensor.py`.
"""

from errno import ENODEV

#: What a quantity's name may end with.
_UNITS = ("_c", "_percent", "_pa", "_lux", "_v", "_a", "_mps2", "_dps", "_t", "_ppm", "_m")


def check_sensor(sensor, wait, rounds=5):
    """Raises AssertionError at the first rule that the sensor breaks."""
    print("conformance", sensor)
    _quantities(sensor)
    sensor.check()
    for _ in range(rounds):
        sensor.start()
        wait(sensor.convert_ms)
        _read(sensor)
        _read(sensor)
        sensor.check()
    sensor.start()
    sensor.start()  # while the first conversion is under way
    wait(sensor.convert_ms)
    _read(sensor)


def check_reading(sensor, wait, quantity, value, tolerance):
    """The quantity is what it is, after a conversion."""
    sensor.start()
    wait(sensor.convert_ms)
    read = sensor.read()[sensor.QUANTITIES.index(quantity)]
    assert abs(read - value) <= tolerance, (quantity, value, read)
    assert getattr(sensor, quantity)() == read


def check_absent(sensor, addr):
    """Without its chip every transfer is OSError(ENODEV) that names the address."""
    for call in (sensor.check, sensor.read, getattr(sensor, sensor.QUANTITIES[0])):
        _no_device(call, addr)


def check_stranger(sensor, addr):
    """check() notices that something else answers, and says what it has found."""
    text = _no_device(sensor.check, addr)
    assert ":" in text and "0x" in text.split(":", 1)[1], text


def _quantities(sensor):
    names = sensor.QUANTITIES
    assert isinstance(names, tuple) and names, names
    assert len(set(names)) == len(names), names
    for name in names:
        assert any(name.endswith(unit) for unit in _UNITS), name
        assert callable(getattr(sensor, name)), name
    assert isinstance(sensor.convert_ms, int) and sensor.convert_ms >= 0, sensor.convert_ms
    assert type(sensor).__name__ in repr(sensor) and len(repr(sensor)) < 100, repr(sensor)


def _read(sensor):
    values = sensor.read()
    assert isinstance(values, tuple) and len(values) == len(sensor.QUANTITIES), values
    for name, value in zip(sensor.QUANTITIES, values):  # noqa: B905
        assert isinstance(value, (int, float)), values
        again = getattr(sensor, name)()
        # Where the chip goes on converting, the next conversion may have come.
        assert abs(again - value) <= 1 + abs(value) / 20, (name, value, again)


def _no_device(call, addr):
    try:
        call()
    except OSError as error:
        assert error.errno == ENODEV, error
        assert f"0x{addr:02x}" in str(error), error
        return str(error)
    raise AssertionError("OSError(ENODEV) expected")
