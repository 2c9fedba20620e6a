"""TDBStore: keys and values on a bare block device, that survive any power cut; mbed's TDBStore.

The bytes: docs/spec/tdbstore.md. The contract: "key-value store" in docs/contracts.md.
"""

from errno import EIO, ENODEV

from micropython import const
from rtos.core import lock, unlock

try:
    from ._fastrecord import locked_set
except ImportError:
    from ._plainrecord import locked_set
from .tdbcollector import IDLE, Collector
from .tdbformat import DELETE, WRITE_ONCE
from .tdblog import FLAGS
from .tdbmount import find_active, open_log
from .tdbmount import mkfs as _mkfs
from .tdbmount import reset as _reset
from .tdbpen import Pen
from .tdbquick import quick_set
from .tdbreader import GONE, OPEN, STALE, TDBReader

_EBUSY = const(16)  # not in MicroPython's errno, as the other two
_ENOSPC = const(28)
_EROFS = const(30)
_BYTES = (bytes, bytearray, memoryview)

# Of all that fits, an eighth stays free of values, so that garbage collection has little to do.
_SLACK = const(8)
# Attempts to write a record, and how many are left then.
_SPARE = (2, 1, 0)


class TDBStore(TDBReader):
    """A key-value store on a block device that nothing else uses.

    device: a block device of less than 1 GB, flash or not. format: make an empty store if there is
    none; one of another version, or of another device, is left alone all the same.

    Raises ValueError for a device that is too small; OSError(ENODEV) if there is no store,
    OSError(EOPNOTSUPP) for another version, OSError(EINVAL) for one made on another device, OSError(EIO).

        kv = TDBStore(device, format=True)
        kv["wifi/ssid"] = b"..."             # ValueError: no slash in keys
        kv.set("serial", b"0001", write_once=True)

    Context of the methods: thread or base level, not an ISR; each runs whole, without giving way to
    threads. Reading allocates nothing but the result. Memory: 6 bytes for each slot of a table with 1.4
    to 2.7 times as many as keys, and 4 KB.
    """

    def __init__(self, device, format=False):
        super().__init__(device)
        log = self.log
        self.pen = Pen(log)
        self.writing = None
        self.pending = 0  # bytes of what is being written
        self.held = 0  # of these, as long as they have no place yet
        self.old = 0
        self.collector = Collector(self)
        area = log.areas[0]
        self._room = area.stop - area.start
        self.limit = self._room - self._room // _SLACK
        lock()
        try:
            self.active = find_active(log)
            if self.active is None:
                if not format:
                    raise OSError(
                        ENODEV, "no TDBStore on %r; format=True makes an empty one" % (device,)
                    )
                self.active = _mkfs(log)
            self._load()
            self._renew()
        finally:
            unlock()

    @staticmethod
    def mkfs(device):
        """Make an empty store on a device, whatever is there. Raises ValueError, OSError(EIO)."""
        log = open_log(device)
        lock()
        try:
            _mkfs(log)
        finally:
            unlock()

    def __repr__(self):
        if self._state == GONE:
            return "<TDBStore deinitialised>"
        return "<TDBStore %d keys, %d of %d bytes>" % (self.index.count, self.live, self.limit)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def deinit(self):
        """Give the store up; the device stays as it is. May be called twice."""
        self._state = GONE
        self.writing = None

    def usage(self):
        """(bytes of the records that count, how many there may be, keys lost to a damaged medium)."""
        return self.live, self.limit, len(self.lost)

    # ---- Writing

    def __setitem__(self, key, value):
        self.set(key, value)

    def set(self, key, value, write_once=False):
        """Store a value: bytes, bytearray or memoryview. It is on the medium when this returns.

        write_once: this key cannot be set again nor removed; only reset() ends that.
        Raises ValueError for a bad key, or a value that is none or too large for the device;
        OSError(ENOSPC); OSError(EROFS) for a key that is write-once; OSError(EBUSY) while it has a
        writer; OSError(EIO): it has its old value now, and may have the new one after the next start.
        """
        locked_set(quick_set, _set, self, key, value, WRITE_ONCE if write_once else 0)

    def _set(self, key, value, flags):
        size = self.size_of(value)
        name = self._name(key)
        n = self._n
        extent = self.log.extent_of(n + size)
        for spare in _SPARE:
            slot = self._begin(name, n, extent)
            try:
                addr = self.pen.append(self.active, flags, name, n, value, size)
                break
            except OSError as error:
                self._again(error, spare)
        self._enter(name, n, slot, addr, self.active.end - addr)

    def writer(self, key, size, write_once=False):
        """A value of so many bytes that comes piece by piece. Raises ValueError.

        with kv.writer("picture", 40000) as file:
            while camera.readinto(line):
                file.write(line)
        """
        from .tdbwriter import Writer

        if not isinstance(size, int) or size < 0:
            raise ValueError("size: bytes of the value")
        lock()
        try:
            name = self._name(key)
            n = self._n
        finally:
            unlock()
        self._fits(self._stream_extent(n, size))
        return Writer(self, key, name, n, size, write_once)

    def __delitem__(self, key):
        self.remove(key)

    def remove(self, key):
        """Remove a key, also from a full store. Raises KeyError and as set()."""
        lock()
        try:
            name = self._name(key)
            n = self._n
            self._not_writing(name)
            slot = self._search(name, n)
            if slot >= 0:
                self._not_once()
            elif self._hash(name, n) not in self.lost:
                raise KeyError(key)
            self._remove(name, n)
        finally:
            unlock()

    def _remove(self, name, n):
        for spare in _SPARE:
            if not self._make_room(self.log.extent_of(n)):
                self._collect_without(name, n)
                return
            try:
                self.pen.append(self.active, DELETE, name, n, b"", 0)
                break
            except OSError as error:
                self._again(error, spare)
        self._forget(name, n)
        self.pace()

    def reset(self):
        """Remove all keys, write-once ones too, in one step. Takes as long as erasing half the device.

        Raises OSError(EBUSY) while a writer is open, OSError(EIO).
        """
        lock()
        try:
            self._ready()
            if self.writing is not None:
                raise OSError(_EBUSY, "%r is open" % self.writing)
            self._state = STALE
            self.active = _reset(self.log, self.active)
            self._load()
        finally:
            unlock()

    def collect(self, steps=1):
        """Do so many pieces of garbage collection ahead of time; returns whether there is more.

        A piece erases one block of the device or copies one record. Raises OSError(EIO).
        """
        lock()
        try:
            self._ready()
            collector = self.collector
            for _ in range(steps):
                if collector.phase == IDLE:
                    if collector.garbage() * 4 <= self._room - self.live:
                        return False
                    collector.start()
                if not self._careful(collector.step):
                    return False
            return collector.phase != IDLE
        finally:
            unlock()

    # ---- What a writer calls

    def size_of(self, value):
        """Bytes of a value. Raises ValueError."""
        if not isinstance(value, _BYTES) or getattr(value, "itemsize", 1) != 1:
            raise ValueError("values are bytes, bytearray or memoryview, not %r" % (value,))
        return len(value)

    def open_writer(self, writer, name, n, size):
        """Have room for its value. Raises as set()."""
        self._ready()
        if self.writing is not None:
            raise OSError(_EBUSY, "%r is open" % self.writing)
        extent = self._stream_extent(n, size)
        if (self.free() - extent) * 2 < self._room - self.live - extent:
            # No collection passes the writer, so the others get what room there can be.
            self._make_room(self._room)
        self._begin(name, n, extent)
        self.writing = writer
        self.pending = self.held = extent

    def place(self, pen):
        """Begin the writer's record in the active area; returns its address. Raises OSError(ENOSPC), (EIO)."""
        for spare in _SPARE:
            area = self.active
            if area.stop - area.end < self.held:
                self._careful(self.collector.finish)
                area = self.active
            addr = pen.place(area, self.held)
            try:
                pen.write_first()
                return addr
            except OSError as error:
                self._again(error, spare)

    def written(self, name, n, addr):
        """The value is on the medium, in the record at addr."""
        extent = self.pending
        self.close_writer()
        slot = self._search(name, n)
        if slot < 0:
            self.index.reserve()
        else:
            self.old = self.log.extent()
        self._enter(name, n, slot, addr, extent)

    def close_writer(self):
        """There is no writer any more."""
        self.writing = None
        self.pending = self.held = 0

    def free(self):
        """Bytes in the active area behind the log that nobody is to have."""
        area = self.active
        return area.stop - area.end - self.held

    def lost_room(self):
        """Bytes of the records that say which keys are lost."""
        return len(self.lost) * self.log.extent_of(0)

    # ---- Parts of them. The kernel is locked.

    def _start(self):
        super()._start()
        self._renew()

    def _renew(self):
        """If one of the two master records is missing, move to the other area, which gets two.

        For if this one went, too, the other area would be taken, with the values that it had once.
        """
        if not self.active.whole:
            try:
                self._careful(self.collector.finish)
            except OSError:  # a medium that takes nothing can still be read
                super()._start()

    def _load(self):
        self.collector.phase = IDLE
        self.collector.due = 0
        self.close_writer()
        super()._load()

    def _stream_extent(self, n, size):
        return self.log.extent_of(n + size) + self.log.slot

    def _fits(self, extent):
        if extent > self.limit:
            raise ValueError(
                "key and value take %d bytes, of %d on this device" % (extent, self.limit)
            )

    def _not_once(self):
        if self.log.state[FLAGS] & WRITE_ONCE:
            raise OSError(_EROFS, "this key is write-once")

    def _not_writing(self, name):
        self._ready()
        self._checked = 0
        if self.writing is not None and self.writing.is_of(name):
            raise OSError(_EBUSY, "%r is open" % self.writing)

    def _begin(self, name, n, extent):
        """Before a record is written, see that it may be; returns the key's slot, below 0 for none."""
        self._not_writing(name)
        self._fits(extent)
        for _ in range(2):
            slot = self._search(name, n)
            self.old = 0
            if slot >= 0:
                self._not_once()
                self.old = self.log.extent()
            if self.live + self.pending + self.lost_room() - self.old + extent > self.limit:
                break
            if self.free() >= extent:
                if slot < 0:
                    self.index.reserve()
                return slot
            if not self._make_room(extent):  # after which the slot may be another one
                break
        raise OSError(_ENOSPC, "no room for %d bytes in %r" % (extent, self))

    def _enter(self, name, n, slot, addr, extent):
        """The key, which was in that slot if not below 0, has its record there now."""
        if slot < 0:
            self.index.add(self._tag, addr)
        else:
            self.index.move(slot, addr)
            self.live -= self.old
        self.live += extent
        if self.lost:
            self.lost.discard(self._hash(name, n))
        self.pace()

    def _again(self, error, spare):
        """A record could not be written, and is tried again behind that place, at last in the other area.

        For after several power cuts in a row more may have been touched than what was left out.
        """
        if error.errno != EIO or not spare:
            raise error
        if spare == 1:
            self._careful(self.collector.finish)

    def _forget(self, name, n):
        slot = self._search(name, n)
        if slot >= 0:
            self.live -= self.log.extent()
            self.index.remove(slot)
        self.lost.discard(self._hash(name, n))

    def _make_room(self, extent):
        """Have room for that in the active area; False: there is none."""
        for _ in range(2):
            if self.free() >= extent:
                return True
            # Twice, for a run that is under way may have copied what is garbage now.
            if self.collector.garbage() <= 0 or not self._careful(self.collector.finish):
                return False
        return self.free() >= extent

    def _collect_without(self, name, n):
        """Remove a key by collecting all others."""
        if self.collector.phase != IDLE:
            self._start()  # it may have been copied already
        if self.writing is not None:
            raise OSError(_ENOSPC, "no room while %r is open" % self.writing)
        self._forget(name, n)
        self._careful(self.collector.finish)

    def _careful(self, step):
        """Call a part of the collector; if that fails, the index is made anew."""
        self._checked = 0
        self._state = STALE
        result = step()
        self._state = OPEN
        return result

    def pace(self):
        """Do what is due of the collection."""
        try:
            self._careful(self.collector.pace)
        except OSError:
            pass  # What was asked for is done. If it goes on failing, there will be no room.


_set = TDBStore._set
