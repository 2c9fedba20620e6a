# platforms: cpython host-stock mps2-native
import random

from drivers import CRC
from support import no_allocation, raises

# "Catalogue of parametrised CRC algorithms", reveng.sourceforge.io: name, width, polynomial, initial,
# reflected in, reflected out, final xor, and the CRC of "123456789".
CATALOGUE = """
CRC-3/GSM 3 3 0 F F 7 4
CRC-3/ROHC 3 3 7 T T 0 6
CRC-4/G-704 4 3 0 T T 0 7
CRC-4/INTERLAKEN 4 3 f F F f b
CRC-5/EPC-C1G2 5 9 9 F F 0 0
CRC-5/G-704 5 15 0 T T 0 7
CRC-5/USB 5 5 1f T T 1f 19
CRC-6/CDMA2000-A 6 27 3f F F 0 d
CRC-6/DARC 6 19 0 T T 0 26
CRC-6/GSM 6 2f 0 F F 3f 13
CRC-7/MMC 7 9 0 F F 0 75
CRC-7/ROHC 7 4f 7f T T 0 53
CRC-7/UMTS 7 45 0 F F 0 61
CRC-8/SMBUS 8 7 0 F F 0 f4
CRC-8/I-432-1 8 7 0 F F 55 a1
CRC-8/ROHC 8 7 ff T T 0 d0
CRC-8/MAXIM-DOW 8 31 0 T T 0 a1
CRC-8/NRSC-5 8 31 ff F F 0 f7
CRC-8/AUTOSAR 8 2f ff F F ff df
CRC-8/BLUETOOTH 8 a7 0 T T 0 26
CRC-8/CDMA2000 8 9b ff F F 0 da
CRC-8/DARC 8 39 0 T T 0 15
CRC-8/DVB-S2 8 d5 0 F F 0 bc
CRC-8/SAE-J1850 8 1d ff F F ff 4b
CRC-8/WCDMA 8 9b 0 T T 0 25
CRC-10/ATM 10 233 0 F F 0 199
CRC-11/FLEXRAY 11 385 1a F F 0 5a3
CRC-12/UMTS 12 80f 0 F T 0 daf
CRC-12/DECT 12 80f 0 F F 0 f5b
CRC-13/BBC 13 1cf5 0 F F 0 4fa
CRC-14/DARC 14 805 0 T T 0 82d
CRC-15/CAN 15 4599 0 F F 0 59e
CRC-16/ARC 16 8005 0 T T 0 bb3d
CRC-16/IBM-3740 16 1021 ffff F F 0 29b1
CRC-16/KERMIT 16 1021 0 T T 0 2189
CRC-16/XMODEM 16 1021 0 F F 0 31c3
CRC-16/MODBUS 16 8005 ffff T T 0 4b37
CRC-16/USB 16 8005 ffff T T ffff b4c8
CRC-16/IBM-SDLC 16 1021 ffff T T ffff 906e
CRC-16/GENIBUS 16 1021 ffff F F ffff d64e
CRC-16/DNP 16 3d65 0 T T ffff ea82
CRC-16/EN-13757 16 3d65 0 F F ffff c2b7
CRC-16/T10-DIF 16 8bb7 0 F F 0 d0db
CRC-17/CAN-FD 17 1685b 0 F F 0 4f03
CRC-21/CAN-FD 21 102899 0 F F 0 ed841
CRC-24/OPENPGP 24 864cfb b704ce F F 0 21cf02
CRC-24/BLE 24 65b 555555 T T 0 c25a56
CRC-30/CDMA 30 2030b9c7 3fffffff F F 3fffffff 4c34abf
CRC-31/PHILIPS 31 4c11db7 7fffffff F F 7fffffff ce9e46c
CRC-32/ISO-HDLC 32 4c11db7 ffffffff T T ffffffff cbf43926
CRC-32/BZIP2 32 4c11db7 ffffffff F F ffffffff fc891918
CRC-32/MPEG-2 32 4c11db7 ffffffff F F 0 376e6e7
CRC-32/CKSUM 32 4c11db7 0 F F ffffffff 765e7680
CRC-32/ISCSI 32 1edc6f41 ffffffff T T ffffffff e3069283
CRC-32/JAMCRC 32 4c11db7 ffffffff T T 0 340bc6d9
CRC-32/AUTOSAR 32 f4acfb13 ffffffff T T ffffffff 1697d06a
CRC-32/XFER 32 af 0 F F 0 bd0be338
CRC-32/AIXM 32 814141ab 0 F F 0 3010bf7f
CRC-32/BASE91-D 32 a833982b ffffffff T T ffffffff 87315576
"""


def entries():
    for line in CATALOGUE.strip().split("\n"):
        name, width, polynomial, initial, data_in, data_out, final, check = line.split()
        crc = CRC(
            int(polynomial, 16),
            int(width),
            initial=int(initial, 16),
            final_xor=int(final, 16),
            reflect_data=data_in == "T",
            reflect_remainder=data_out == "T",
        )
        yield name, crc, int(check, 16)


def by_bits(width, polynomial, initial, reflect_data, reflect_remainder, final, data):
    """The definition, bit by bit."""
    top = 1 << (width - 1)
    mask = (1 << width) - 1
    register = initial
    for byte in data:
        for i in range(8):
            bit = byte >> (i if reflect_data else 7 - i) & 1
            out = bool(register & top) != bool(bit)
            register = register << 1 & mask ^ (polynomial if out else 0)
    if reflect_remainder:
        register = sum((register >> i & 1) << (width - 1 - i) for i in range(width))
    return register ^ final


def test_check_values_of_the_catalogue():
    seen = 0
    for name, crc, check in entries():
        assert crc.compute(b"123456789") == check, (name, hex(crc.compute(b"123456789")))
        seen += 1
    assert seen == 59


def test_pieces_are_the_whole():
    for name, crc, check in entries():
        for at in range(10):
            crc.start()
            crc.update(b"123456789"[:at])
            crc.update(b"")
            crc.update(bytearray(b"123456789"[at:]))
            assert crc.stop() == check, (name, at)


def test_known_polynomials_bring_their_parameters():
    for polynomial, width, check in (
        (CRC.POLY_7BIT_SD, 7, 0x75),
        (CRC.POLY_8BIT_CCITT, 8, 0xF4),
        (CRC.POLY_16BIT_CCITT, 16, 0x29B1),
        (CRC.POLY_16BIT_IBM, 16, 0xBB3D),
        (CRC.POLY_32BIT_ANSI, 32, 0xCBF43926),
    ):
        crc = CRC(polynomial)
        assert crc.compute(b"123456789") == check, crc
        assert crc.width() == width and crc.polynomial() == polynomial
    assert CRC().compute(b"123456789") == 0xCBF43926
    assert CRC(CRC.POLY_16BIT_IBM, initial=0xFFFF).compute(b"123456789") == 0x4B37  # Modbus
    assert CRC(0x07, 16).compute(b"\x01") == 0x07  # another CRC with that polynomial
    # SD card: CMD0 ends with 0x95, CMD8 with 0x87 (SD Physical Layer Simplified Specification, 4.5).
    sd = CRC(CRC.POLY_7BIT_SD)
    assert sd.compute(b"\x40\0\0\0\0") << 1 | 1 == 0x95
    assert sd.compute(b"\x48\0\0\x01\xaa") << 1 | 1 == 0x87


def test_any_crc_is_what_the_definition_says():
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    for _ in range(60):
        width = random.randrange(1, 33)
        numbers = [random.getrandbits(32) & ((1 << width) - 1) for _ in range(3)]
        data_in, data_out = random.getrandbits(1), random.getrandbits(1)
        data = bytes(random.getrandbits(8) for _ in range(random.randrange(40)))
        crc = CRC(
            numbers[0],
            width,
            initial=numbers[1],
            final_xor=numbers[2],
            reflect_data=data_in,
            reflect_remainder=data_out,
        )
        expected = by_bits(width, numbers[0], numbers[1], data_in, data_out, numbers[2], data)
        assert crc.compute(data) == expected, (crc, numbers, data_in, data_out, data)


def test_long_data_and_any_alignment():
    data = bytes(i * i >> 3 & 0xFF for i in range(5003))
    crc = CRC()
    view = memoryview(data)
    for start in range(5):
        expected = by_bits(32, 0x04C11DB7, 0xFFFFFFFF, True, True, 0xFFFFFFFF, data[start:])
        assert crc.compute(view[start:]) == expected
        crc.start()
        for at in range(start, len(data), 999):
            crc.update(view[at : at + 999])
        assert crc.stop() == expected


def test_nothing_is_allocated():
    short = bytearray(range(200))
    for crc in (CRC(), CRC(CRC.POLY_16BIT_CCITT), CRC(CRC.POLY_7BIT_SD), CRC(0x1D, 8)):

        def rounds(crc=crc):
            for _ in range(1000):
                crc.start()
                crc.update(short)
            if crc.width() < 30:
                crc.stop()
                crc.compute(short)

        no_allocation(rounds)


def test_mistakes():
    assert "width=" in str(raises(ValueError, CRC, 0x1D))
    for width in (0, 33, -1, 1.5, "8"):
        raises(ValueError, CRC, 1, width)
    raises(ValueError, CRC, 0x107, 8)
    raises(ValueError, CRC, -1, 8)
    raises(ValueError, lambda: CRC(7, 8, initial=256))
    raises(ValueError, lambda: CRC(7, 8, final_xor=-1))
    crc = CRC()
    for data in ("text", 5, None, [1, 2]):
        assert "bytes" in str(raises(TypeError, crc.update, data))
    assert crc.compute(b"") == 0
    assert repr(crc) == "<CRC of 32 bits, polynomial 0x4c11db7>"
