"""The reader of a RecordLog: where it is, and what is next."""

from rtos.core import unlock


class Reader:
    """Reads the records of a log one after another, as RecordLog.reader() returns it.

    position: the number of the record that is read next. Keep it wherever you like, and go on with
    log.reader(position) after a restart. lost: how many records were overwritten before they were
    read, or were damaged. Any number of readers may be at work while records are appended.
    """

    def __init__(self, log, start):
        self._log = log
        self.position = start
        self.lost = 0
        # The block that it is in: place in the ring, number, first record, offset of the next one.
        self._block = self._number = self._first = self._offset = 0
        # What is behind it, when that is known (_end is not -1): place, number, first record.
        self._after = self._after_number = 0
        self._end = -1

    def __repr__(self):
        return "<Reader at %d, %d lost>" % (self.position, self.lost)

    def __iter__(self):
        """(number, record) of all that there are now."""
        return self

    def __next__(self):
        found = self.read()
        if found is None:
            raise StopIteration
        return found

    def read(self):
        """(number, record as new bytes) of the next record; None: there is no more now.

        Raises OSError(EIO), (ENODEV).
        """
        self._log.enter()
        try:
            while True:
                n = self._find()
                if not n:
                    return None
                data = bytearray(n)
                if self._take(data):
                    return self.position - 1, bytes(data)
        finally:
            unlock()

    def readinto(self, buf):
        """Read the next record into buf; the number of its bytes, None if there is no more now.

        Nothing is allocated if buf is as long as the record. Raises ValueError: it is shorter, nothing
        was read; OSError(EIO), (ENODEV).
        """
        self._log.enter()
        try:
            while True:
                n = self._find()
                if not n:
                    return None
                if n > len(buf):
                    raise ValueError("the record has %d bytes" % n)
                if self._take(buf if n == len(buf) else memoryview(buf)[:n]):
                    return n
        finally:
            unlock()

    # ---- Helpers

    def _find(self):
        """Go to the next record that has a header; its length, 0 if there is none."""
        log = self._log
        while True:
            if not log._number or self.position >= log._next:
                return 0
            if self._number < log._oldest_number:
                self._locate()
            newest = self._number == log._number
            if newest:
                end = log._next
            elif self._end < 0:
                self._find_following()
                end = self._end
            else:
                end = self._end
            if self.position < end:
                n = log.length(
                    self._block, self._number, self.position - self._first, self._offset
                )
                if n:
                    return n
                # A damaged header: nobody knows where the next one would be.
                self.lost += end - self.position
                self.position = end
            if newest:
                return 0
            self._enter(self._after, self._after_number, end)

    def _take(self, data):
        """Read what _find() has found, and go behind it; whether it is not damaged."""
        log = self._log
        log.device.read(self._block * log.block_size + self._offset + 8, data)
        self._offset = log._up(self._offset + 8 + len(data))
        self.position += 1
        if log.matches(data):
            return True
        self.lost += 1
        return False

    def _enter(self, block, number, first):
        self._block = block
        self._number = number
        self._first = first
        self._end = -1
        self._offset = self._log._start
        if self.position < first:
            self.lost += first - self.position
            self.position = first

    def _find_following(self):
        """The block behind this one, and with it where this one ends."""
        log = self._log
        block = self._block
        for _ in range(log.blocks):
            block += 1
            if block == log.blocks:
                block = 0
            if log.header(block) and log.found_number > self._number:
                self._after = block
                self._after_number = log.found_number
                self._end = log.found_first
                return
        # Its header cannot be read any more, but what is to be known of it is.
        self._after = log._block
        self._after_number = log._number
        self._end = log._first

    def _locate(self):
        """Find the block that the position is in, from the oldest on."""
        log = self._log
        self._enter(log._oldest, log._oldest_number, log._oldest_first)
        while self._number != log._number:
            self._find_following()
            if self._end > self.position:
                break
            self._enter(self._after, self._after_number, self._end)
        # Pass over the records before it.
        number = self._first
        while number < self.position:
            n = log.length(self._block, self._number, number - self._first, self._offset)
            if not n:
                return  # _find() meets the same place
            self._offset = log._up(self._offset + 8 + n)
            number += 1
