"""FaultInjectingBlockDevice: a medium on which things go wrong, where and when a test wants it."""

from errno import EIO

from micropython import const

from .wrappingblockdevice import WrappingBlockDevice

_NONE = const(0)
_CUT = const(1)
_DROP = const(2)
_TORN = (None, "half", "random")


class PowerCut(BaseException):
    """The power is off. Not an Exception: no program catches a power cut and goes on.

    Its argument says at which operation, and what repeats it.
    """


class FaultInjectingBlockDevice(WrappingBlockDevice):
    """A block device that passes everything on, until a fault is ordered.

    device: any block device, usually FlashSimBlockDevice(HeapBlockDevice(...)).
    seed: of all that is random here; the same seed and calls give the same bytes.
    cached: the medium has a cache for writing. What was not synced is in the cache only, and a power
        cut leaves in each erase block some of what was done there last, from the oldest on, seeded
        and independent of the other blocks: so later writes are there and earlier ones are not.

    A program() or erase() of any length but 0 is an operation; faults take the number of one, where
    0 is the next one to come. The same fault ordered again replaces the first; None takes it back.

    operations, programs, erases, reads, syncs: how many calls there were.
    is_cut: the power is off, and every call raises PowerCut but deinit(), which does nothing.

    How to prove a store against power cuts, at every operation, with everything that has to hold:

        medium = HeapBlockDevice(32 * 1024, program_size=8, erase_size=4096, erase_value=0xFF)
        prepare(medium)                       # format, first contents
        image = medium.image()
        for torn in (None, "half", "random"):
            k, done = 0, False
            while not done:
                medium.load(image)
                model = Model()
                device = FaultInjectingBlockDevice(FlashSimBlockDevice(medium), seed=k)
                device.cut_at(k, torn)
                try:
                    workload(device, model)   # mount, change; model: what is done or under way
                    done = True               # it has fewer than k + 1 operations
                except PowerCut:
                    pass
                device = device.restore()     # the power is back; the old object stays dead
                check(device, model)          # mount: old or new, nothing else; change something
                k += 1

    restore() gives a new object, so that what the workload has left behind, such as a file that is
    closed when it is collected, cannot write any more. For a second cut order it on that one. For one
    in the recovery itself call cut_at() before mounting. MicroPython's face raises PowerCut, too:
    nobody may use a file system that was mounted on it but to unmount it, with that ignored. A file
    left open prints an error when it is collected, because it can no longer be closed.

    Nothing is allocated unless a fault happens or cached is set; then every block with unsynced
    changes is held in memory.
    """

    def __init__(self, device, seed=0, cached=False):
        super().__init__(device)
        self._seed = seed & 0x3FFFFFFF
        self._state = self._seed
        self._cached = cached
        self._cache = {}  # address of an erase block -> its contents and what led to them
        self._torn = None
        self._cut_op = self._drop_op = self._fail_op = self._fail_read = -1
        self._error = self._read_error = EIO
        self.operations = self.programs = self.erases = self.reads = self.syncs = 0
        self.is_cut = False

    # ---- Orders

    def cut_at(self, k, torn=None):
        """Cut the power when the k-th operation from here begins.

        torn: None: it does not happen. "half": its first half happens, by bytes. "random": each unit
        of it happens, does not, or comes out with some bits changed and others not, seeded.
        Raises ValueError.
        """
        if torn not in _TORN:
            raise ValueError('torn is None, "half" or "random", not %r' % (torn,))
        self._cut_op = self._number(k, self.operations)
        self._torn = torn

    def drop_at(self, k):
        """The k-th operation from here does nothing and says nothing about it."""
        self._drop_op = self._number(k, self.operations)

    def fail_at(self, k, error=EIO):
        """The k-th operation from here raises OSError(error) and does nothing."""
        self._fail_op = self._number(k, self.operations)
        self._error = error

    def fail_read_at(self, k, error=EIO):
        """The k-th read from here raises OSError(error)."""
        self._fail_read = self._number(k, self.reads)
        self._read_error = error

    def rot(self, bits, addr=0, size=None):
        """Flip so many bits now, seeded, in a part of the medium. Returns [(address, bit), ...]."""
        size = self.size - addr if size is None else size
        self._check(addr, size, 1)
        if not size:
            raise ValueError("no byte of the medium is there")
        unit = self.program_size if self.erase_value is None else self.erase_size
        flipped = []
        for _ in range(bits):
            at = addr + self._random(size)
            bit = self._random(8)
            start = at - at % unit
            piece = bytearray(unit)
            self._device.read(start, piece)
            piece[at - start] ^= 1 << bit
            self._replace(start, piece)
            flipped.append((at, bit))
        return flipped

    def restore(self):
        """The power is back, after it was cut here if it had not been yet.

        Returns the device to go on with, on the same medium, with no faults ordered and counters at
        0; this one stays without power.
        """
        self._power_off(None)
        return type(self)(self._device, self._state, self._cached)

    def _number(self, k, base):
        if k is None:
            return -1
        if k < 0:
            raise ValueError("0 is the next one, there is no %d" % k)
        return base + k

    # ---- What happens

    def _check(self, addr, size, unit):
        self._check_power()
        super()._check(addr, size, unit)

    def _check_power(self):
        if self.is_cut:
            raise PowerCut("has been")

    def sync(self):
        """As BlockDevice.sync()."""
        self._check_power()
        super().sync()

    def _read(self, addr, buf):
        self._check_power()
        n = self.reads
        self.reads = n + 1
        if n == self._fail_read:
            raise OSError(self._read_error, "read %d fails on purpose" % n)
        self._device.read(addr, buf)
        if self._cache:
            self._read_cache(addr, buf)

    def _program(self, addr, buf):
        self._check_power()
        if not len(buf):
            return
        self.programs += 1
        fault = self._step()
        if fault == _DROP:
            return
        if self._cached:
            self._remember(addr, len(buf), buf)
        if fault == _CUT:
            self._cut(addr, len(buf), buf)
        if not self._cached:
            self._device.program(addr, buf)

    def _erase(self, addr, size):
        if not size:
            return
        self.erases += 1
        fault = self._step()
        if fault == _DROP:
            return
        if self._cached:
            self._remember(addr, size, None)
        if fault == _CUT:
            self._cut(addr, size, None)
        if not self._cached:
            self._device.erase(addr, size)

    def _step(self):
        n = self.operations
        self.operations = n + 1
        if n == self._cut_op:
            return _CUT
        if n == self._drop_op:
            return _DROP
        if n == self._fail_op:
            raise OSError(self._error, "operation %d fails on purpose" % n)
        return _NONE

    def _sync(self):
        if self.is_cut:
            return  # deinit()
        self.syncs += 1
        if self._cache:
            for start in sorted(self._cache):
                for change in self._cache[start][1]:
                    self._apply(start, change)
            self._cache = {}
        self._device.sync()

    def _cut(self, addr, size, buf):
        torn = self._torn
        if torn and not self._cached:
            self._tear(addr, size, buf)
        self._power_off(torn)
        text = "at operation %d, torn=%r, seed=%d, cached=%r"
        raise PowerCut(text % (self.operations - 1, torn, self._seed, self._cached))

    def _power_off(self, torn):
        if self.is_cut:
            return
        self.is_cut = True
        starts = sorted(self._cache)
        victim = starts[self._random(len(starts))] if torn and starts else None
        for start in starts:
            changes = self._cache[start][1]
            kept = self._random(len(changes) + 1)
            for n in range(kept):
                if n == kept - 1 and start == victim:
                    at, data, size = changes[n]
                    self._tear(start + at, size, data)
                else:
                    self._apply(start, changes[n])
        self._cache = {}

    # ---- The cache of the medium: for each erase block its contents, and a list of what has been
    # done there, (offset, bytes or None for an erase, size)

    def _remember(self, addr, size, buf):
        unit = self.erase_size
        end = addr + size
        at = addr
        while at < end:
            start = at - at % unit
            n = min(start + unit, end) - at
            entry = self._cache.get(start)
            if entry is None:
                contents = bytearray(unit)
                self._device.read(start, contents)
                entry = self._cache[start] = contents, []
            data = None if buf is None else bytes(memoryview(buf)[at - addr : at - addr + n])
            entry[1].append((at - start, data, n))
            if data is not None:
                entry[0][at - start : at - start + n] = data
            elif self.erase_value is not None:
                entry[0][:] = bytes((self.erase_value,)) * unit
            at += n

    def _apply(self, start, change):
        at, data, size = change
        if data is None:
            self._device.erase(start + at, size)
        else:
            self._device.program(start + at, data)

    def _read_cache(self, addr, buf):
        unit = self.erase_size
        end = addr + len(buf)
        for start in range(addr - addr % unit, end, unit):
            entry = self._cache.get(start)
            if entry is not None:
                first = max(start, addr)
                last = min(start + unit, end)
                for at in range(first, last):
                    buf[at - addr] = entry[0][at - start]

    # ---- Half-way

    def _tear(self, addr, size, buf):
        """Do a part of the operation below. buf: None for an erase."""
        unit = self.erase_size if buf is None else self.program_size
        half = addr + size // 2
        for start in range(addr, addr + size, unit):
            if self._torn == "half":
                some = half - start  # bytes that are done here
                if some <= 0:
                    return
                kind = 1 if some >= unit else 2
            else:
                some = None
                kind = self._random(3)
            if kind == 1 or (kind == 2 and buf is None and self.erase_value is None):
                if buf is None:
                    self._device.erase(start, unit)
                else:
                    self._device.program(
                        start, memoryview(buf)[start - addr : start - addr + unit]
                    )
            elif kind == 2:
                self._tear_unit(start, unit, some, buf, start - addr)

    def _tear_unit(self, start, unit, some, buf, at):
        piece = bytearray(unit)
        self._device.read(start, piece)
        for i in range(unit):
            new = self.erase_value if buf is None else buf[at + i]
            if some is None:
                # Byte by byte old, new, or some of its bits.
                keep = (0, 0xFF, self._random(256))[self._random(3)]
            else:
                keep = 0 if i < some else 0xFF
            piece[i] = (piece[i] & keep) | (new & ~keep & 0xFF)
        if buf is None:
            self._replace(start, piece)
        else:
            self._device.program(start, piece)

    def _replace(self, start, piece):
        """Have a whole erase block, or unit that needs no erase, hold that."""
        device = self._device
        if self.erase_value is None:
            device.program(start, piece)
            return
        device.erase(start, len(piece))
        unit = self.program_size
        blank = bytes((self.erase_value,)) * unit
        for at in range(0, len(piece), unit):
            if piece[at : at + unit] != blank:
                device.program(start + at, piece[at : at + unit])

    def _random(self, n):
        """0 to n - 1. The generator of the C standard's example, of which the upper bits are good."""
        value = 0
        for _ in range(1 if n <= 0x10000 else 2):
            self._state = (self._state * 1103515245 + 12345) & 0x3FFFFFFF
            value = value << 16 | self._state >> 14
        return value % n
