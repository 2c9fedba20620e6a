"""AnalogIn and AnalogOut on the simulated converters of board host."""

from errno import ENODEV

from drivers import AnalogIn, AnalogOut, DigitalOut
from drivers.pins import owner
from sim import board, parts
from support import fresh, no_allocation, raises

EBUSY = 16

fresh()


def test_a_voltage_is_read_in_all_ways():
    wire = board.wire("A0")
    with AnalogIn("A0") as input:
        wire.source_uv = 0
        assert (input.read_u16(), input.read(), input.read_uv()) == (0, 0, 0)
        wire.source_uv = 3_300_000
        assert (input.read_u16(), input.read(), input.read_uv()) == (65535, 1, 3_300_000)
        wire.source_uv = 1_650_000
        assert abs(input.read() - 0.5) < 0.001
        assert abs(input.read_uv() - 1_650_000) < 810  # 12 bits
        wire.source_uv = lambda: 1_000_000
        assert abs(input.read_uv() - 1_000_000) < 810
        wire.source_uv = 5_000_000
        assert input.read_u16() == 65535
        wire.source_uv = -1
        assert input.read_u16() == 0
        assert repr(input) == "<AnalogIn 'A0' 0 uV>"
    assert owner("A0") is None


def test_a_level_is_a_voltage():
    pin = board.wire("A1").driver("test")
    with AnalogIn("A1") as input:
        pin(1)
        assert input.read_uv() == 3_300_000
        pin(0)
        assert input.read_uv() == 0


def test_reference_voltage():
    wire = board.wire("A0")
    wire.source_uv = 1_650_000
    with AnalogIn("A0") as input:
        assert input.reference_uv() == 3_300_000
        assert input.reference_uv(2_500_000) == 2_500_000 == input.reference_uv()
        assert abs(input.read_uv() - 1_250_000) < 615
        half = input.read_u16()
        for reference in (1, 65534, 65535, 65536, 1_234_567, (1 << 30) - 1):
            input.reference_uv(reference)
            assert abs(input.read_uv() - reference * half // 65535) <= 3, reference
            wire.source_uv = 3_300_000
            assert abs(input.read_uv() - reference) <= 3
            wire.source_uv = 1_650_000
        for wrong in (0, -1, 1 << 30, 3.3):
            raises(ValueError, input.reference_uv, wrong)
        assert input.reference_uv() == (1 << 30) - 1
    with AnalogIn("A0", reference_uv=5_000_000) as input:
        assert abs(input.read_uv() - 2_500_000) < 1230


def test_samples_take_noise_away():
    wire = board.wire("A2")
    wire.source_uv = 1_000_000
    parts.adc("A2").noise_uv = 20_000

    def spread(samples):
        with AnalogIn("A2", samples=samples) as input:
            values = [input.read_uv() for _ in range(40)]
        return max(values) - min(values), sum(values) / len(values)

    single, _ = spread(1)
    averaged, mean = spread(64)
    assert single > 40_000 and averaged < single / 3, (single, averaged)
    assert abs(mean - 1_000_000) < 3000, mean
    with AnalogIn("A2", samples=256) as input:
        assert abs(input.read_u16() - 1_000_000 * 65535 // 3_300_000) < 100
    parts.adc("A2").noise_uv = 0


def test_noise_repeats():
    converter = parts.adc("A3")
    other = type(converter)(converter.wire, noise_uv=50_000, seed=7)
    again = type(converter)(converter.wire, noise_uv=50_000, seed=7)
    converter.wire.source_uv = 1_000_000
    assert [other.convert() for _ in range(20)] == [again.convert() for _ in range(20)]


def test_an_output_is_read_back_and_heard():
    with AnalogOut("A4", 0.5) as output:
        assert output.read_u16() == 32768 and abs(output.read() - 0.5) < 0.0001
        assert abs(board.wire("A4").uv() - 1_650_000) < 810
        output.write(1)
        assert output.read() == 1 and board.wire("A4").uv() == 3_300_000
        output.write_u16(0)
        assert output.read() == 0 and board.wire("A4").uv() == 0
        output.write_u16(0x4000)
        assert abs(board.wire("A4").uv() - 825_000) < 810
        for wrong in (-0.1, 1.1):
            raises(ValueError, output.write, wrong)
        for wrong in (-1, 65536):
            raises(ValueError, output.write_u16, wrong)
        assert output.read_u16() == 0x4000 and repr(output) == "<AnalogOut 'A4' 16384 of 65535>"
    assert board.wire("A4").source_uv is None
    raises(ValueError, AnalogOut, "A4", 2)
    assert owner("A4") is None


def test_out_to_in_over_a_wire():
    board.wire("A0").source_uv = board.wire("A5").uv
    with AnalogOut("A5") as output, AnalogIn("A0") as input:
        for value in (0, 1000, 32768, 65535):
            output.write_u16(value)
            assert abs(input.read_u16() - value) <= 33


def test_wrong_pins_are_answered_with_those_that_can():
    said = str(raises(ValueError, AnalogIn, "D3"))
    assert "has no ADC: use A0, A1" in said, said
    said = str(raises(ValueError, AnalogOut, "A0"))
    assert "has no DAC: use A4 or A5" in said, said
    raises(ValueError, AnalogIn, "A9")
    raises(ValueError, lambda: AnalogIn("A0", samples=0))
    raises(ValueError, lambda: AnalogIn("A0", samples=257))
    raises(ValueError, lambda: AnalogIn("A0", reference_uv=0))
    assert owner("D3") is None and owner("A0") is None


def test_a_pin_that_is_in_use():
    with AnalogIn("A4") as input:
        error = raises(OSError, AnalogOut, "A4")
        assert error.args[0] == EBUSY and "AnalogIn 'A4'" in error.args[1]
        assert input.read_u16() >= 0
        again = AnalogIn("A4")  # typed once more
        assert raises(OSError, input.read_u16).args[0] == ENODEV
        assert again.read_u16() >= 0
        again.deinit()
    with DigitalOut("LED1"):
        assert raises(OSError, AnalogIn, "LED1").args[0] == EBUSY


def test_use_after_deinit():
    input = AnalogIn("A0")
    output = AnalogOut("A4")
    for driver in (input, output):
        driver.deinit()
        driver.deinit()
        assert "deinitialised" in repr(driver)
    for call in (input.read, input.read_u16, input.read_uv, input.reference_uv, output.read):
        assert raises(OSError, call).args[0] == ENODEV
    assert raises(OSError, output.write, 0.5).args[0] == ENODEV
    assert raises(OSError, output.write_u16, 0).args[0] == ENODEV


def test_steady_state_allocates_nothing():
    board.wire("A0").source_uv = 1_000_000
    with AnalogIn("A0") as input, AnalogIn("A1", 2_500_000, 4) as other, AnalogOut("A4") as output:

        def rounds():
            for i in range(1000):
                input.read_u16()
                input.read_uv()
                other.read_u16()
                other.read_uv()
                output.write_u16(i)
                output.read_u16()

        no_allocation(rounds)
