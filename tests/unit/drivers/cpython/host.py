"""host for CPython: the disk, as memory; the watchdog, as a number."""

_disk = bytearray(16 << 20)
watchdog_ms = 0


class Flash:
    def __init__(self, offset, size):
        self._cells = memoryview(_disk)[offset : offset + size]

    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = self._cells[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        self._cells[at : at + len(buf)] = buf


def watchdog(timeout_ms):
    global watchdog_ms
    watchdog_ms = timeout_ms
