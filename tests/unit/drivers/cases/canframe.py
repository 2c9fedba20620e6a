"""The bits of simulated CAN frames."""

from drivers import CANMessage
from sim.canframe import arbitration_key, crc15, frame_bits


def bits_of(data):
    return [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]


def test_representation():
    assert repr(CANMessage()) == "<CANMessage 0x000 >"
    assert repr(CANMessage(0x12, b"\x01\xff")) == "<CANMessage 0x012 01ff>"
    assert (
        repr(CANMessage(0x800, remote=True, length=3))
        == "<CANMessage 0x00000800 asks for 3 bytes>"
    )


def test_crc15():
    # The check value of CRC-15/CAN in the catalogue of parametrised CRC algorithms.
    assert crc15(bits_of(b"123456789")) == 0x059E
    assert crc15([]) == 0


def unstuffed(bits):
    """What a receiver makes of it; six equal bits in a row are an error."""
    found = []
    run = 0
    last = -1
    skip = False
    for bit in bits:
        if skip:
            assert bit != last, "stuff error"
            skip = False
        else:
            found.append(bit)
        run = run + 1 if bit == last else 1
        last = bit
        if run == 5:
            skip = True
    return found


def field(bits, start, count):
    value = 0
    for bit in bits[start : start + count]:
        value = value << 1 | bit
    return value


def test_a_receiver_reads_what_was_sent():
    for id in (0, 0x7FF, 0x123, 0x555):
        for data in (b"", b"\0" * 8, b"\xff" * 8, b"\x0f\xf0\x1f", bytes(range(8))):
            bits = unstuffed(frame_bits(CANMessage(id, data)))
            assert bits[0] == 0 and field(bits, 1, 11) == id and field(bits, 12, 3) == 0
            n = len(data)
            assert field(bits, 15, 4) == n and len(bits) == 19 + 8 * n + 15
            assert [field(bits, 19 + 8 * i, 8) for i in range(n)] == list(data)
            assert field(bits, 19 + 8 * n, 15) == crc15(bits[:-15])
    bits = unstuffed(frame_bits(CANMessage(0x1ABCDEF0, b"\x42")))
    assert field(bits, 1, 11) == 0x1ABCDEF0 >> 18 and field(bits, 12, 2) == 3
    assert field(bits, 14, 18) == 0x1ABCDEF0 & 0x3FFFF and field(bits, 32, 3) == 0
    assert field(bits, 35, 4) == 1 and field(bits, 39, 8) == 0x42 and len(bits) == 62
    bits = unstuffed(frame_bits(CANMessage(0x123, b"", False, True, 5)))
    assert field(bits, 12, 3) == 4 and field(bits, 15, 4) == 5 and len(bits) == 34


def test_arbitration_is_that_of_the_bits():
    """The lower key is the frame whose first different bit is dominant."""
    frames = [
        CANMessage(id, b"", extended, remote)
        for id in (0, 1, 0x400, 0x7FF)
        for extended in (False, True)
        for remote in (False, True)
    ] + [CANMessage(id, b"", True) for id in (1 << 18, 0x400 << 18, 0x1FFFFFFF)]
    for a in frames:
        for b in frames:
            first, second = unstuffed(frame_bits(a))[:33], unstuffed(frame_bits(b))[:33]
            first, second = first[: 33 if a.extended else 15], second[: 33 if b.extended else 15]
            if arbitration_key(a) < arbitration_key(b):
                assert first < second, (a, b)
