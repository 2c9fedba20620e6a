# i2c: tmp105@0x48
"""A register of a thermometer over I2C, by the driver and by machine; pieces over SPI."""

import machine
from drivers import I2C, SPI

_THERMOMETER = 0x48
value = bytearray(2)
four = bytearray(4)


def register(i2c):
    """A function for measure(): reads the two bytes of the temperature."""

    def go(rounds):
        read = i2c  # a local name: the lookup of a global is not what is measured
        for _ in range(rounds):
            read.readfrom_mem_into(_THERMOMETER, 0, value)

    return go


def in_turns(first, second):
    """The same of two users of the bus, so that settings change every time."""

    def go(rounds):
        for _ in range(rounds // 2):
            first.readfrom_mem_into(_THERMOMETER, 0, value)
            second.readfrom_mem_into(_THERMOMETER, 0, value)

    return go


for suffix, freq in (("", 100_000), ("_400k", 400_000)):
    i2c = I2C(3, freq=freq)
    i2c.readfrom_mem_into(_THERMOMETER, 0, value)
    raw = machine.I2C(3, freq=freq)
    measure("drivers.i2c_read_reg" + suffix, register(i2c), empty_loop, rounds=200)
    measure("drivers.i2c_read_reg_machine" + suffix, register(raw), empty_loop, rounds=200)
    device = i2c.device(_THERMOMETER)
    measure("drivers.i2c_read_reg_two_users" + suffix, in_turns(i2c, device), rounds=200)
    i2c.deinit()

spi = SPI()


def write(rounds):
    for _ in range(rounds):
        spi.write(four)


def machine_write(rounds):
    hardware = machine.SPI(4)
    for _ in range(rounds):
        hardware.write(four)


def exchange(rounds):
    for _ in range(rounds):
        spi.write_readinto(value, four)


def read(rounds):
    for _ in range(rounds):
        spi.readinto(four)


measure("drivers.spi_write_4", write, empty_loop)
measure("drivers.spi_write_4_machine", machine_write, empty_loop)
measure("drivers.spi_readinto_4", read, empty_loop)
measure("drivers.spi_exchange_2_4", exchange, empty_loop)

chip = spi.device("D4", baudrate=1_000_000)


def chip_read(rounds):
    for _ in range(rounds):
        chip.readinto(four)


measure("drivers.spi_chip_readinto_4", chip_read, empty_loop)
