from drivers.chips import LM75, TMP105
from support import Registers, Transcript, fails, no_allocation, raises

EOPNOTSUPP = 95


def made(kind=TMP105, first="48 w 01 60", **options):
    bus = Transcript(first)
    chip = kind(bus, **options)
    bus.done()
    return bus, chip


def test_temperatures_of_the_data_sheet():
    bus, chip = made()
    # SLLS648D table 5.
    for hexadecimal, degrees in (
        ("7f f0", 127.9375),
        ("64 00", 100),
        ("50 00", 80),
        ("4b 00", 75),
        ("32 00", 50),
        ("19 00", 25),
        ("00 40", 0.25),
        ("00 00", 0),
        ("ff c0", -0.25),
        ("e7 00", -25),
        ("c9 00", -55),
    ):
        bus.add("48 r 00 : " + hexadecimal, "48 r 00 : " + hexadecimal, "48 r 00 : " + hexadecimal)
        assert chip.read() == (degrees,)
        assert chip.temperature_c() == degrees
        assert chip.raw() == degrees * 256
    bus.done()


def test_resolutions():
    for bits, config, low in (
        (9, "00", "80"),
        (10, "20", "c0"),
        (11, "40", "e0"),
        (12, "60", "f0"),
    ):
        bus, chip = made(first="48 w 01 " + config, bits=bits)
        bus.add("48 r 00 : 00 " + low)
        assert chip.raw() == int(low, 16)
    assert [made()[1].convert_ms] == [300]
    bus, chip = made()
    bus.add("48 w 01 00")
    assert chip.resolution(9) == 9 and chip.convert_ms == 38
    bus.add("48 w 01 40 ! EIO")
    fails("EIO", "TMP105 at 0x48", chip.resolution, 11)
    assert chip.resolution() == 9 and chip.convert_ms == 38  # what the chip still has
    raises(ValueError, chip.resolution, 13)
    bus.done()


def test_bits_below_the_resolution_are_none():
    bus, chip = made(LM75, "48 w 01 00")
    bus.add("48 r 00 : 19 7f")
    assert chip.raw() == 25 * 256
    bus, chip = made(LM75, "48 w 01 00", bits=11)
    bus.add("48 r 00 : 19 7f")
    assert chip.raw() == 0x1960
    raises(ValueError, LM75, bus, 0x48, 12)


def test_shutdown_and_single_conversion():
    bus, chip = made()
    chip.start()  # converts anyway
    bus.add("48 w 01 61")
    assert chip.shutdown(True)
    bus.add("48 w 01 e1", "48 w 01 e1")
    chip.start()
    chip.start()
    bus.add("48 w 01 60")
    assert not chip.shutdown(False)
    chip.start()
    bus.done()
    bus, chip = made(LM75, "48 w 01 00")
    chip.start()
    bus.add("48 w 01 01")
    chip.shutdown(True)
    fails(EOPNOTSUPP, "LM75 at 0x48", chip.start)
    bus.done()


def test_thermostat_modes():
    bus, chip = made()
    bus.add("48 w 01 62", "48 w 01 68", "48 w 01 74", "48 w 01 7e", "48 w 01 60")
    chip.alert(interrupt=True)
    chip.alert(faults=2)
    chip.alert(faults=4, active_high=True)
    chip.alert(True, 6, True)
    chip.alert()
    bus.done()
    raises(ValueError, chip.alert, False, 3)


def test_limits():
    bus, chip = made()
    bus.add("48 r 02 : 4b 00", "48 r 03 : 50 00")
    assert chip.limits() == (75, 80)
    # Above the old range: the high limit first. Read back: what is returned is the chip's.
    bus.add(
        "48 r 02 : 4b 00", "48 w 03 7f f0", "48 w 02 64 80", "48 r 02 : 64 80", "48 r 03 : 7f f0"
    )
    assert chip.limits(100.5, 127.96) == (100.5, 127.9375)
    # Below it: the low one first. -10.3 is nearest to -10.3125.
    bus.add(
        "48 r 02 : 4b 00", "48 w 02 f5 b0", "48 w 03 05 00", "48 r 02 : f5 b0", "48 r 03 : 05 00"
    )
    assert chip.limits(-10.3, 5) == (-10.3125, 5)
    for wrong in ((20, 20), (21, 20), (20.01, 20.02), (-56, 20), (20, 128), (20, None)):
        raises(ValueError, chip.limits, *wrong)
    bus.done()


def test_every_error_of_the_bus_names_the_chip():
    fails("ENODEV", "no TMP105 at 0x49", TMP105, Transcript("49 w 01 60 ! ENODEV"), 0x49)
    fails("EIO", "TMP105 at 0x48 took 1 of 2 bytes", TMP105, Transcript("48 w 01 60 ! 1"))
    bus, chip = made()
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        for act, line in (
            (chip.read, "48 r 00"),
            (chip.raw, "48 r 00"),
            (chip.limits, "48 r 02"),
            (chip.check, "48 r 01"),
        ):
            bus.add(f"{line} ! {name}")
            fails(name, "TMP105 at 0x48", act)
        bus.add("48 w 01 61 ! " + name)
        fails(name, "TMP105 at 0x48", chip.shutdown, True)
        assert not chip.shutdown()
    bus.done()


def test_check_finds_what_is_no_tmp105():
    bus, chip = made()
    limits = ("48 r 02 : 4b 00", "48 r 03 : 50 00")
    good = ("48 r 01 : 60", "48 r 00 : 19 50") + limits
    bus.add(*(good + limits))
    chip.check()
    bus.add("48 r 01 : e0", *(good[1:] + limits))  # relatives have the output's state in bit 7
    chip.check()
    for low, high in (("50 00", "4b 00"), ("4b 00", "4b 00"), ("80 00", "00 00")):
        bus.add(*good, "48 r 02 : " + low, "48 r 03 : " + high)
        fails("ENODEV", "its limits read 0x", chip.check)
    bus.add("48 r 01 : 00")  # after a reset, say
    fails("ENODEV", "configuration reads 0x00 instead of 0x60", chip.check)
    for i in range(1, 4):
        bus.add(*good[:i], good[i][:-1] + "8")
        fails("ENODEV", "register", chip.check)
    bus.done()
    bus, chip = made(LM75, "48 w 01 00")
    bus.add("48 r 01 : 80")
    fails("ENODEV", "no LM75 at 0x48", chip.check)
    bus.add("48 r 01 : 00", "48 r 00 : 19 7f", *(limits + limits))
    chip.check()
    bus.done()


def test_misuse():
    raises(TypeError, TMP105, 3)
    for addr in (0x90, -1, 0x07, 0x78):
        raises(ValueError, TMP105, Transcript(), addr)
    raises(ValueError, TMP105, Transcript(), 0x48, 8)


def test_reprs():
    assert repr(made()[1]) == "<TMP105 at 0x48, 12 bits>"
    assert repr(made(LM75, "4f w 01 00", addr=0x4F)[1]) == "<LM75 at 0x4f, 9 bits>"


def test_steady_state_allocates_nothing():
    bus = Registers()
    chip = TMP105(bus)
    bus.bytes[0] = 0x19

    def use():
        for _ in range(1000):
            assert chip.raw() == 25 * 256 + 0x60
            chip.start()
            chip.shutdown(True)
            chip.start()
            chip.shutdown(False)

    bus.bytes[1] = 0x60
    no_allocation(use)
