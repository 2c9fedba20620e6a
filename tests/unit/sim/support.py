"""What the cases of the simulation share; appended to ../support.py."""

import machine

machine.Pin  # noqa: B018 - on board host it installs the computer's clock, which fresh() replaces


def fresh():
    """A board with nothing attached, at time 0 of a virtual clock. Returns the clock."""
    from sim import board, clock, machine_pin

    board.reset()
    machine_pin.reset()
    return clock.use(clock.VirtualClock())


def errno_of(function, *arguments):
    """The errno of the OSError that function(*arguments) raises."""
    return raises(OSError, function, *arguments).args[0]  # noqa: F821 - of ../support.py


class Memory:
    """An I2C device: 256 bytes behind a pointer. size: writes beyond are not acknowledged."""

    def __init__(self, size=256):
        self.bytes = bytearray(256)
        self.size = size
        self.calls = []
        self._pointer = 0
        self._first = True

    def start(self, read):
        self.calls.append("read" if read else "write")
        self._first = True
        return True

    def write(self, byte):
        if self._first:
            self._first = False
            self._pointer = byte
            return True
        if self._pointer >= self.size:
            return False
        self.bytes[self._pointer] = byte
        self._pointer += 1
        return True

    def read(self):
        byte = self.bytes[self._pointer]
        self._pointer = (self._pointer + 1) % 256
        return byte

    def stop(self):
        self.calls.append("stop")


class Shift:
    """An SPI device: answers with the byte before."""

    def __init__(self):
        self.calls = []
        self.came = bytearray()
        self.last = 0

    def select(self):
        self.calls.append("select")

    def deselect(self):
        self.calls.append("deselect")

    def exchange(self, byte):
        self.came.append(byte)
        reply, self.last = self.last, byte
        return reply
