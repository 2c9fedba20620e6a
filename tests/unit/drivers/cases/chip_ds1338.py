from drivers.chips import DS1307, DS1338
from support import Registers, Transcript, fails, no_allocation, raises


def made(kind=DS1338, **options):
    bus = Transcript()
    return bus, kind(bus, **options)


def read(registers, kind=DS1338):
    """datetime() of a chip whose registers 0 to 7 read so."""
    bus, chip = made(kind)
    bus.add("68 r 00 : " + registers)
    value = chip.datetime()
    bus.done()
    return value


def test_times_are_read():
    assert read("59 58 23 02 29 02 00 03") == (2000, 2, 29, 1, 23, 58, 59, 0)
    assert read("00 00 00 07 01 01 00 00") == (2000, 1, 1, 5, 0, 0, 0, 0)
    assert read("56 34 12 06 29 02 20 00") == (2020, 2, 29, 5, 12, 34, 56, 0)
    assert read("00 00 00 01 31 12 99 93") == (2099, 12, 31, 3, 0, 0, 0, 0)


def test_hours_to_twelve_are_read():
    for register, hour in (("52", 0), ("41", 1), ("51", 11), ("72", 12), ("61", 13), ("71", 23)):
        assert read("00 00 " + register + " 01 01 01 24 00")[4] == hour


def test_weekdays_are_those_of_the_calendar():
    # Each day of 2000 to 2099, counted from Saturday, 1.1.2000, against the chip's arithmetic.
    from drivers.chips import ds1338

    weekday = 5
    for year in range(2000, 2100):
        for month in range(1, 13):
            for day in range(1, ds1338._days_in(year, month) + 1):
                assert ds1338._weekday(year, month, day) == weekday, (year, month, day)
                weekday = (weekday + 1) % 7
    assert weekday == 4  # 1.1.2100 is a Friday


def test_what_is_no_time_is_an_error():
    good = ["00", "00", "00", "01", "01", "01", "24", "00"]
    for register, values in (
        (0, "5a 60 1f"),
        (1, "60 0a 80"),
        (2, "24 2a 40 53 4a 80"),  # 40: no hour 0 of twelve
        (3, "00 08"),
        (4, "00 32 1a 40"),
        (5, "00 13 0a 20"),
        (6, "a0 9a ff"),
        (7, "40 04 08"),
    ):
        for value in values.split():
            bad = list(good)
            bad[register] = value
            fails("EIO", "0x" + value, read, " ".join(bad))
    fails("EIO", "register 4 reads 0x29", read, "00 00 00 01 29 02 23 00")  # no leap year
    fails("EIO", "register 4 reads 0x31", read, "00 00 00 01 31 04 24 00")


def test_a_stopped_oscillator_is_an_error():
    for registers in ("80 00 00 01 01 01 24 00", "00 00 00 01 01 01 24 20"):
        fails("EIO", "oscillator has stopped", read, registers)
        bus, chip = made()
        bus.add("68 r 00 : " + registers)
        assert chip.stopped()
        bus.done()
    bus, chip = made()
    bus.add("68 r 00 : 00 00 00 01 01 01 24 93")
    assert not chip.stopped()
    # The older chip has no flag; the bit always reads as 0.
    fails("EIO", "oscillator has stopped", read, "80 00 00 01 01 01 24 00", DS1307)
    bus, chip = made(DS1307)
    bus.add("68 r 00 : 00 00 00 01 01 01 24 20")
    fails("ENODEV", "no DS1307 at 0x68: register 7 reads 0x20", chip.check)


def test_setting_starts_the_clock_and_clears_the_flag():
    bus, chip = made()
    bus.add(
        "68 w 00 56 34 12 06 29 02 20",
        "68 r 00 : 56 34 12 06 29 02 20 b3",
        "68 w 07 93",
    )
    assert chip.datetime((2020, 2, 29, 0, 12, 34, 56, 0)) is None
    # Without the flag there is nothing to clear.
    bus.add("68 w 00 00 00 00 06 01 01 00", "68 r 00 : 00 00 00 06 01 01 00 00")
    chip.datetime((2000, 1, 1, None, 0, 0, 0))
    bus.done()


def test_setting_with_hours_to_twelve():
    bus, chip = made(twelve_hours=True)
    for hour, register in ((0, "52"), (1, "41"), (11, "51"), (12, "72"), (13, "61"), (23, "71")):
        bus.add(
            f"68 w 00 00 00 {register} 01 01 01 24",
            f"68 r 00 : 00 00 {register} 01 01 01 24 00",
        )
        chip.datetime((2024, 1, 1, 0, hour, 0, 0, 0))
    bus.done()


def test_setting_tries_again_and_then_says_so():
    write = "68 w 00 59 59 23 07 31 01 21"
    wrong = "68 r 00 : 59 59 23 03 03 01 21 00"
    right = "68 r 00 : 59 59 23 04 31 01 21 00"  # the chip counts its weekdays otherwise
    bus, chip = made()
    bus.add(write, wrong, write, wrong, write, right)
    chip.datetime((2021, 1, 31, 0, 23, 59, 59, 0))
    bus.add(write, wrong, write, wrong, write, wrong)
    fails("EIO", "does not keep", chip.datetime, (2021, 1, 31, 0, 23, 59, 59, 0))
    bus.done()


def test_dates_that_do_not_exist_are_refused():
    bus, chip = made()
    for wrong in (
        (1999, 12, 31, 0, 0, 0, 0, 0),
        (2100, 1, 1, 0, 0, 0, 0, 0),
        (2023, 2, 29, 0, 0, 0, 0, 0),
        (2024, 2, 30, 0, 0, 0, 0, 0),
        (2024, 4, 31, 0, 0, 0, 0, 0),
        (2024, 0, 1, 0, 0, 0, 0, 0),
        (2024, 13, 1, 0, 0, 0, 0, 0),
        (2024, 1, 0, 0, 0, 0, 0, 0),
        (2024, 1, 1, 0, 24, 0, 0, 0),
        (2024, 1, 1, 0, 0, 60, 0, 0),
        (2024, 1, 1, 0, 0, 0, 60, 0),
        (2024, 1, 1),
    ):
        raises(ValueError, chip.datetime, wrong)
    bus.done()


def test_halt_keeps_the_seconds():
    bus, chip = made()
    bus.add("68 r 00 : 42 00 00 01 01 01 24 00", "68 w 00 c2")
    chip.halt()
    bus.done()


def test_square_wave_leaves_the_stop_flag():
    bus, chip = made()
    for freq, control in ((1, "90"), (4096, "91"), (8192, "92"), (32768, "93"), (0, "80")):
        bus.add("68 r 00 : 00 00 00 01 01 01 24 00", "68 w 07 " + control)
        chip.square_wave(freq)
    bus.add("68 r 00 : 00 00 00 01 01 01 24 30", "68 w 07 20")
    chip.square_wave(0, level=0)
    bus.done()
    raises(ValueError, chip.square_wave, 50)


def test_memory():
    bus, chip = made()
    bus.add("68 w 08 61 62 63", "68 r 3d : 01 02 03")
    chip.write_nvram(0, b"abc")
    found = bytearray(3)
    chip.read_nvram(53, found)
    assert found == b"\x01\x02\x03"
    for offset, count in ((-1, 1), (56, 1), (54, 3), (0, 57)):
        raises(ValueError, chip.write_nvram, offset, bytes(count))
        raises(ValueError, chip.read_nvram, offset, bytearray(count))
    bus.done()


def test_check():
    bus, chip = made()
    bus.add("68 r 00 : 80 00 00 01 01 01 24 b3")  # stopped, but there
    chip.check()
    for register in range(8):
        if register in (0, 6):
            continue  # all bits have a meaning
        bad = ["00"] * 8
        bad[register] = "ff"
        bus.add("68 r 00 : " + " ".join(bad))
        fails("ENODEV", f"no DS1338 at 0x68: register {register} reads 0xff", chip.check)
    bus.add("68 r 00 ! ENODEV")
    fails("ENODEV", "no DS1338 at 0x68", chip.check)
    bus.done()


def test_every_error_of_the_bus_names_the_chip():
    bus, chip = made()
    now = (2024, 1, 1, 0, 0, 0, 0, 0)
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        for act, arguments, line in (
            (chip.datetime, (), "68 r 00"),
            (chip.datetime, (now,), "68 w 00 00 00 00 01 01 01 24"),
            (chip.stopped, (), "68 r 00"),
            (chip.halt, (), "68 r 00"),
            (chip.square_wave, (), "68 r 00"),
            (chip.read_nvram, (0, bytearray(2)), "68 r 08"),
            (chip.write_nvram, (1, b"\x05"), "68 w 09 05"),
        ):
            bus.add(f"{line} ! {name}")
            fails(name, "DS1338 at 0x68", act, *arguments)
    bus.add("68 w 09 05 ! 1")
    fails("EIO", "took 1 of 2 bytes", chip.write_nvram, 1, b"\x05")
    bus.done()


def test_misuse_and_reprs():
    raises(TypeError, DS1338, None)
    raises(ValueError, DS1338, Transcript(), 0xD0)
    assert repr(made()[1]) == "<DS1338 at 0x68>"
    assert repr(made(DS1307)[1]) == "<DS1307 at 0x68>"


def test_steady_state_allocates_nothing():
    bus = Registers()
    chip = DS1338(bus)
    kept = bytearray(8)

    def use():
        for _ in range(1000):
            assert not chip.stopped()
            chip.write_nvram(3, b"four")
            chip.read_nvram(0, kept)
            chip.check()

    no_allocation(use)
    assert kept[3:7] == b"four"
