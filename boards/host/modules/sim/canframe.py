"""The bits of a classic CAN frame. Source: ISO 11898-1:2015, 10.4 (frames), 10.4.2.6 (CRC), 10.5."""

from micropython import const

_POLYNOMIAL = const(0x4599)
_STUFF_AFTER = const(5)
#: CRC delimiter, ACK slot, ACK delimiter, end of frame: never stuffed.
TAIL_BITS = const(10)
#: The slot in which receivers acknowledge, counted from the start of the tail.
ACK_SLOT = const(1)
INTERMISSION_BITS = const(3)
#: Where arbitration ends at the latest: behind RTR of an extended frame, with stuff bits.
ARBITRATION_BITS = const(40)


class Frame:
    """A place for a frame, with the fields of drivers.CANMessage."""

    def __init__(self):
        self.id = 0
        self.extended = self.remote = False
        self.length = 0
        self.buffer = bytearray(8)

    def __repr__(self):
        data = "" if self.remote else bytes(self.buffer[: self.length]).hex() or ""
        return f"<Frame {self.id:#x} {'asks' if self.remote else data}>"

    def copy_from(self, other):
        """Make it the same as the other. Allocates nothing."""
        self.id = other.id
        self.extended = other.extended
        self.remote = other.remote
        self.length = other.length
        buffer = self.buffer
        source = other.buffer
        for i in range(8):
            buffer[i] = source[i]


def arbitration_key(message):
    """A number by which the frame that wins arbitration is the smallest.

    The bits as they are sent: base id, RTR or SRR, IDE, rest of the id, RTR. So a standard frame
    wins over an extended one of the same base id, and data over a request for it.
    """
    if message.extended:
        base = message.id >> 18
        rest = message.id & 0x3FFFF
        return base << 21 | 1 << 20 | 1 << 19 | rest << 1 | message.remote
    return message.id << 21 | message.remote << 20


def frame_bits(message):
    """The bits from start of frame to the end of the CRC, stuffed, as a bytearray of 0 and 1."""
    raw = bytearray()
    _append(raw, 0, 1)
    if message.extended:
        _append(raw, message.id >> 18, 11)
        _append(raw, 3, 2)
        _append(raw, message.id & 0x3FFFF, 18)
        _append(raw, message.remote, 1)
        _append(raw, 0, 2)
    else:
        _append(raw, message.id, 11)
        _append(raw, message.remote, 1)
        _append(raw, 0, 2)
    _append(raw, message.length, 4)
    if not message.remote:
        for i in range(message.length):
            _append(raw, message.buffer[i], 8)
    _append(raw, crc15(raw), 15)
    return _stuffed(raw)


def crc15(bits):
    """The check sequence of a frame's bits."""
    crc = 0
    for bit in bits:
        carry = crc >> 14 ^ bit
        crc = crc << 1 & 0x7FFF
        if carry:
            crc ^= _POLYNOMIAL
    return crc


def _append(bits, value, count):
    for i in range(count - 1, -1, -1):
        bits.append(int(value) >> i & 1)


def _stuffed(raw):
    bits = bytearray()
    last = run = -1
    for bit in raw:
        run = run + 1 if bit == last else 1
        last = bit
        bits.append(bit)
        if run == _STUFF_AFTER:
            last = 1 - bit
            bits.append(last)
            run = 1
    return bits
