"""CRC: cyclic redundancy checks of 1 to 32 bits, whole or piece by piece; mbed's MbedCRC.

The names of the parameters are those of R. Williams, "A painless guide to CRC error detection
algorithms" (1993), section 15, which the published catalogues use.
"""

from array import array

from micropython import const

try:
    from ._fastcrc import register_bits, remainder, update_forward, update_reflected
except ImportError:
    from ._plaincrc import register_bits, remainder, update_forward, update_reflected

_WIDTH_MAX = const(32)
_HALF_BYTES = const(16)
_WORDS = const(18)  # the register, the remainders of half a byte, the shift
_SHIFT = const(17)
# Machine code does not give way; at 18 instructions a byte it keeps threads waiting that long.
_PIECE = const(1024)
_ALL = 0xFFFFFFFF
_BYTES = (bytes, bytearray, memoryview)

# polynomial: (width, initial, final_xor, reflect_data, reflect_remainder), as in MbedCRC. In the
# catalogue: CRC-7/MMC, CRC-8/SMBUS, CRC-16/IBM-3740, CRC-16/ARC, CRC-32/ISO-HDLC.
_KNOWN = {
    0x09: (7, 0, 0, False, False),
    0x07: (8, 0, 0, False, False),
    0x1021: (16, 0xFFFF, 0, False, False),
    0x8005: (16, 0, 0, True, True),
    0x04C11DB7: (32, _ALL, _ALL, True, True),
}


def _reversed(value, width):
    result = 0
    for _ in range(width):
        result = result << 1 | value & 1
        value >>= 1
    return result


class CRC:
    """A CRC algorithm, and one computation of it under way.

    polynomial: without its highest bit, the highest power on the left: POLY_7BIT_SD,
    POLY_8BIT_CCITT, POLY_16BIT_CCITT, POLY_16BIT_IBM, POLY_32BIT_ANSI, which bring the other
    parameters along, or any other with its width in bits, 1 to 32.
    initial: the register before the first bit. final_xor: applied to the result.
    reflect_data: the lowest bit of a byte comes first. reflect_remainder: the result is reversed.
    What is not given is as the standard has it, else 0 and False. Raises ValueError.

        CRC().compute(b"123456789")                             # CRC-32: 0xcbf43926
        CRC(CRC.POLY_16BIT_IBM, initial=0xFFFF)                 # Modbus
        CRC(0x1D, 8, initial=0xFF, final_xor=0xFF)              # SAE J1850

    One thread uses an object at a time; another makes its own, which takes 150 bytes. Context: any;
    nothing is allocated but a result above 2**30 - 1. The result of 7-bit SD has 7 bits; mbed's
    is shifted left by one.
    """

    POLY_7BIT_SD = const(0x09)
    POLY_8BIT_CCITT = const(0x07)
    POLY_16BIT_CCITT = const(0x1021)
    POLY_16BIT_IBM = const(0x8005)
    POLY_32BIT_ANSI = const(0x04C11DB7)

    def __init__(
        self,
        polynomial=0x04C11DB7,
        width=None,
        *,
        initial=None,
        final_xor=None,
        reflect_data=None,
        reflect_remainder=None,
    ):
        known = _KNOWN.get(polynomial)
        if width is None:
            if known is None:
                raise ValueError("give the width= of polynomial %#x in bits" % polynomial)
            width = known[0]
        elif not isinstance(width, int) or not 0 < width <= _WIDTH_MAX:
            raise ValueError("width: 1 to 32 bits")
        if known is None or known[0] != width:
            known = (width, 0, 0, False, False)
        if initial is None:
            initial = known[1]
        if final_xor is None:
            final_xor = known[2]
        if reflect_data is None:
            reflect_data = known[3]
        if reflect_remainder is None:
            reflect_remainder = known[4]
        for value in (polynomial, initial, final_xor):
            if not isinstance(value, int) or not 0 <= value < 1 << width:
                raise ValueError("polynomial, initial, final_xor: at most %d bits" % width)
        self._polynomial = polynomial
        self._width = width
        self._final_xor = final_xor
        # The register holds the remainder the way that the bits of the data come.
        if reflect_data:
            self._initial = _reversed(initial, width)
            self._align = 0
            self._update = update_reflected
        else:
            self._align = register_bits(width) - width
            self._initial = initial << self._align
            self._update = update_forward
        self._turn = bool(reflect_data) != bool(reflect_remainder)
        self._state = array("I", [0] * _WORDS)
        self._fill_table(reflect_data)
        self._state[_SHIFT] = register_bits(width) - 4
        self._state[0] = self._initial

    def _fill_table(self, reflect_data):
        state = self._state
        if reflect_data:
            polynomial = _reversed(self._polynomial, self._width)
            for i in range(_HALF_BYTES):
                rest = i
                for _ in range(4):
                    rest = rest >> 1 ^ (polynomial if rest & 1 else 0)
                state[1 + i] = rest
        else:
            bits = register_bits(self._width)
            polynomial = self._polynomial << self._align
            for i in range(_HALF_BYTES):
                rest = i << (bits - 4)
                for _ in range(4):
                    top = rest >> (bits - 1)
                    rest = rest << 1 & (1 << bits) - 1 ^ (polynomial if top else 0)
                state[1 + i] = rest

    def __repr__(self):
        return "<CRC of %d bits, polynomial %#x>" % (self._width, self._polynomial)

    def polynomial(self):
        """The polynomial, without its highest bit."""
        return self._polynomial

    def width(self):
        """How many bits the result has."""
        return self._width

    def compute(self, data):
        """The CRC of data: bytes, bytearray or a memoryview of bytes. Ends what was under way."""
        self.start()
        self.update(data)
        return self.stop()

    def start(self):
        """Begin a computation whose data come in pieces."""
        self._state[0] = self._initial

    def update(self, data):
        """The next piece: bytes, bytearray or a memoryview of bytes. Raises TypeError."""
        if not isinstance(data, _BYTES):
            raise TypeError("CRCs are of bytes: pass bytes, bytearray or a memoryview of them")
        n = len(data)
        if n <= _PIECE:
            self._update(self._state, data, 0, n)
            return
        for start in range(0, n, _PIECE):
            self._update(self._state, data, start, min(_PIECE, n - start))

    def stop(self):
        """The CRC of all pieces since start(), which begins the next computation, too."""
        crc = remainder(self._state, self._align)
        self._state[0] = self._initial
        if self._turn:
            crc = _reversed(crc, self._width)
        return crc ^ self._final_xor if self._final_xor else crc
