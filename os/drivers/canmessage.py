"""CANMessage: one frame of a CAN bus, made once and used again and again."""

from micropython import const

_STANDARD_MAX = const(0x7FF)
_EXTENDED_MAX = const(0x1FFFFFFF)
_DATA_MAX = const(8)


class CANMessage:
    """A classic CAN frame: an identifier and up to 8 bytes. mbed's CANMessage.

    id: 0 to 0x7ff, or to 0x1fffffff with extended=True. data: up to 8 bytes. remote: a request for
    the frame of that id instead (RTR), without data; `length` then says how many bytes are asked for.
    extended: None takes what the id needs.

    The fields `id`, `extended`, `remote`, `length` and `buffer` (8 bytes, of which the first `length`
    count) may be set one by one; set() does it with checks and without allocating.
    """

    def __init__(self, id=0, data=b"", extended=None, remote=False, length=None):
        self.buffer = bytearray(_DATA_MAX)
        self.set(id, data, extended, remote, length)

    def __repr__(self):
        return "<CANMessage %s%s>" % (
            ("0x%08x" if self.extended else "0x%03x") % self.id,
            " asks for %d bytes" % self.length if self.remote else " " + (self.data.hex() or ""),
        )

    def __eq__(self, other):
        return (
            isinstance(other, CANMessage)
            and self.id == other.id
            and self.extended == other.extended
            and self.remote == other.remote
            and self.data == other.data
        )

    @property
    def data(self):
        """The bytes that count, as a new bytes object; those of a remote frame are zeros."""
        return bytes(self.length) if self.remote else bytes(memoryview(self.buffer)[: self.length])

    def set(self, id, data=b"", extended=None, remote=False, length=None):
        """Make it another frame. Arguments as for the constructor. Returns the message.

        Raises ValueError if id or data are out of range. Allocates nothing. Context: any.
        """
        if extended is None:
            extended = id > _STANDARD_MAX
        check_id(id, extended)
        n = len(data) if length is None else length
        if not 0 <= n <= _DATA_MAX or (length is not None and not remote):
            raise ValueError("a CAN frame has 0 to 8 bytes; length= is for remote frames")
        self.id = id
        self.extended = bool(extended)
        self.remote = bool(remote)
        self.length = n
        if not remote:
            buffer = self.buffer
            for i in range(n):
                buffer[i] = data[i]
        return self

    def copy_from(self, other):
        """Make it the same frame as the other CANMessage. Allocates nothing. Context: any."""
        self.id = other.id
        self.extended = other.extended
        self.remote = other.remote
        self.length = other.length
        buffer = self.buffer
        source = other.buffer
        for i in range(_DATA_MAX):  # a slice would allocate
            buffer[i] = source[i]


def check_id(id, extended):
    """Raise ValueError unless `id` is an identifier of that kind."""
    if not isinstance(id, int) or not 0 <= id <= (_EXTENDED_MAX if extended else _STANDARD_MAX):
        raise ValueError(
            "an extended id is 0 to 0x1fffffff"
            if extended
            else "a standard id is 0 to 0x7ff: extended=True for longer ones"
        )


def check_message(message):
    """TypeError unless it is a CANMessage."""
    if not isinstance(message, CANMessage):
        raise TypeError("a frame is a CANMessage, not %r" % (message,))
