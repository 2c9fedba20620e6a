"""CRCs, an instruction count for each byte."""

from binascii import crc32

from drivers import CRC

BYTES = 1024
data = bytes(range(256)) * (BYTES // 256)


def of(crc):
    def go(rounds):
        for _ in range(rounds):
            crc.compute(data)

    return go


def built_in(rounds):
    for _ in range(rounds):
        crc32(data)


def per_byte(name, go, rounds=100):
    """Report what a byte of a KB costs, all that belongs to the call included."""

    def once(f):
        f(rounds)
        start = time.ticks_cpu()
        f(rounds)
        return time.ticks_diff(time.ticks_cpu(), start)

    ticks = once(go) - once(empty_loop)
    report(name, instructions=round(instructions(ticks) / rounds / BYTES, 1))


per_byte("drivers.crc32_per_byte", of(CRC()))
per_byte("drivers.crc16_ccitt_per_byte", of(CRC(CRC.POLY_16BIT_CCITT)))
per_byte("drivers.crc7_sd_per_byte", of(CRC(CRC.POLY_7BIT_SD)))
# What the firmware has built in, for comparison.
per_byte("drivers.binascii_crc32_per_byte", built_in)
