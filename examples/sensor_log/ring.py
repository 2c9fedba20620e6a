"""A ring of records in a block device: the newest overwrites the oldest, and a power cut costs one."""

import struct

_RECORD = "<HhH"  # number, value, check
_BYTES = 8


def _check(number, value):
    return (number * 31 + (value & 0xFFFF)) & 0xFFFF ^ 0xA55A


class Ring:
    """Values from -32768 to 32767 in all of the device. Opening it reads every record once."""

    def __init__(self, device):
        self._device = device
        self._buf = bytearray(_BYTES)
        self.places = device.size // _BYTES
        self.count = 0
        self._place = self._number = 0
        newest = None
        for place in range(self.places):
            record = self._record(place)
            if record is None:
                continue
            self.count += 1
            # Numbers go round: one is newer than another if it is less than half the way ahead.
            if newest is None or 0 < (record[0] - newest) & 0xFFFF < 0x8000:
                newest = record[0]
                self._place = (place + 1) % self.places
                self._number = (newest + 1) & 0xFFFF

    def _record(self, place):
        self._device.read(place * _BYTES, self._buf)
        number, value, check = struct.unpack_from(_RECORD, self._buf, 0)
        return (number, value) if check == _check(number, value) else None

    def append(self, value):
        """Write a value; returns the number of its record."""
        was_free = self._record(self._place) is None
        number = self._number
        struct.pack_into(_RECORD, self._buf, 0, number, value, _check(number, value))
        self._device.program(self._place * _BYTES, self._buf)
        self.count += was_free
        self._place = (self._place + 1) % self.places
        self._number = (number + 1) & 0xFFFF
        return number

    def newest(self):
        """(number, value) of the last record; None when there is none."""
        return self._record((self._place - 1) % self.places)
