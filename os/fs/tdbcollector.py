"""Collector: a TDBStore's garbage collection, in bounded steps; docs/spec/tdbstore.md, "Writing".

The standby area is erased, what still means something is copied there, its master record makes it
the active one. Meanwhile the active area goes on taking records, which are copied in their turn.
"""

from errno import EIO

from micropython import const

try:
    from ._fasttdb import tag_of, word
except ImportError:
    from ._plaintdb import tag_of, word
from .tdbformat import DELETE, MASTER_SIZE, pack_master, up
from .tdblog import FLAGS, HEADER, KEY_HASH, NOTHING
from .tdbwindow import Window

IDLE = const(0)
_ERASE = const(1)
_COPY = const(2)
_COMMIT = const(3)

_GAIN_BITS = const(14)
_COMMIT_WORK = const(256)  # what the last step counts for, in bytes


class Collector:
    """Works for one store. phase: IDLE, or what is being done. runs: how many were finished.
    due: as long as the active area's end is not beyond it, and no value got shorter, pace() does nothing
    (but when a writer is open).

    A step erases one block of the device, copies or skips half a KB or one record, or makes the new area the
    active one. An OSError from a step leaves the store's index useless.
    """

    def __init__(self, store):
        self._store = store
        self._log = store.log
        self.phase = IDLE
        self.runs = 0
        self._target = None
        self.window = Window(self._log, store.index)
        self._at = 0  # where to erase, or to look for records, next
        self._mark = 0
        self._gain = 0
        self.due = 0

    def garbage(self):
        """Bytes in the active area that a run would set free."""
        store = self._store
        area = store.active
        n = area.end - area.start - store.live - store.pending + store.held
        return n - store.lost_room() if store.lost else n

    def start(self):
        """Begin a run."""
        area = self._store.active
        self.window.forget()
        self._target = target = self._log.areas[1 - area.number]
        target.generation = area.generation + 1
        target.end = target.start
        self._at = target.base
        self.phase = _ERASE
        # What is appended while it runs is work, too: so much may be for each byte of work done.
        work = target.stop - target.base + area.end - area.start + _COMMIT_WORK
        room = self._store.free()
        self._gain = (room << _GAIN_BITS) // (work + room)
        self.due = area.end

    def pace(self):
        """Do as much as keeps a run ahead of the room in the active area."""
        store = self._store
        area = store.active
        if self.phase == IDLE:
            if store.free() >= self.garbage():
                self.due = 0 if store.writing else (area.start + area.stop + store.live) // 2
                return
            self.start()
        while area.end + store.held > self.due:
            if self.phase == _COPY:  # nearly always
                if not self._copy():
                    return
            elif not self.step() or self.phase == IDLE:
                return

    def finish(self):
        """Begin a run if there is none, and do all of it. False: a writer that is open is in the way."""
        if self.phase == IDLE:
            self.start()
        while self.phase != IDLE:
            if not self.step():
                return False
        return True

    def step(self):
        """One bounded piece. False: a writer that is open is in the way."""
        if self.phase == _ERASE:
            self._erase()
        elif self.phase == _COPY:
            return self._copy()
        elif self._store.active.end > self._at:
            self.phase = _COPY
            return self._copy()
        else:
            self._commit()
        return True

    def _erase(self):
        target = self._target
        at = self._at
        self._at = erase_piece(self._log, at, target.stop)
        self.due += (self._at - at) * self._gain >> _GAIN_BITS
        if self._at < target.stop:
            return
        store = self._store
        self.phase = _COPY
        self._at = store.active.start
        self._mark = store.active.end
        for key_hash in store.lost:
            store.pen.lost(target, key_hash)

    def _copy(self):
        area = self._store.active
        at = self._at
        stop = area.end
        writing = self._store.writing
        if writing is not None and writing.addr:
            stop = writing.addr
            if at >= stop:
                return False
        if not self._ferry(area, stop):
            self._copy_other(area, stop)
        self.due += (self._at - at) * self._gain >> _GAIN_BITS
        if self._at >= area.end:
            self.phase = _COMMIT
        return True

    def _ferry(self, area, stop):
        simple = self.window.ferry(area, self._at, stop, self._target)
        self._at = self.window.at
        return simple

    def _copy_other(self, area, stop):
        log = self._log
        found = log.find(area, self._at, stop)
        addr = log.addr
        if found == NOTHING:
            self._at = stop
        elif found == HEADER:
            self._at = addr + log.extent()
            self._copy_record(area, addr)
        else:
            self._at = addr + log.slot
            self._headless(addr)

    def _copy_record(self, area, addr):
        store = self._store
        log = self._log
        slot = store.index.slot_of(tag_of(log.state, KEY_HASH), addr)
        if slot >= 0:
            extent = log.extent()
            to = store.pen.copy(area, addr, self._target)
            if to:
                store.index.move(slot, to)
                store.live += self._target.end - to - extent
            else:
                self._lose(slot, extent, log.key_hash())
        elif log.state[FLAGS] & DELETE and addr >= self._mark:
            # A value of that key may have been copied before.
            store.pen.copy(area, addr, self._target)

    def _headless(self, at):
        """A record of which only the trailer at that place is valid."""
        store = self._store
        tail = self._log.tail
        addr = at - word(tail, 4)
        slot = store.index.slot_of(tail[8] | tail[9] << 8, addr)
        key_hash = bytes(tail[8:12])
        if slot >= 0:
            self._lose(slot, at + self._log.slot - addr, key_hash)
        elif addr >= self._mark:
            store.pen.lost(self._target, key_hash)  # it may have removed a key

    def _lose(self, slot, extent, key_hash):
        store = self._store
        store.index.remove(slot)
        store.live -= extent
        store.lost.add(key_hash)
        store.pen.lost(self._target, key_hash)

    def _commit(self):
        store = self._store
        self.phase = IDLE
        self.due = 0
        commit(self._log, self._target)
        store.active = self._target
        self.runs += 1


def erase_piece(log, addr, stop):
    """Erase a piece of an area, one block of the device; returns where the next one begins."""
    device = log.device
    if device.erase_value is not None:
        device.erase(addr, device.erase_size)
        return addr + device.erase_size
    blank = log.blank
    if stop - addr < len(blank):
        blank = blank[: stop - addr]
    device.program(addr, blank)
    return addr + len(blank)


def commit(log, area):
    """Write an area's master records: from the first of them on it is the active one."""
    device = log.device
    size = up(MASTER_SIZE, log.unit)
    data = pack_master(area.number, area.generation, log.area_size, log.unit, log.erased)
    data += log.blank[:1] * (size - MASTER_SIZE)
    found = bytearray(size)
    device.sync()
    area.whole = False
    for addr in (area.base, area.base + size):
        device.program(addr, data)
        device.sync()
        device.read(addr, found)
        if found != data:
            raise OSError(EIO, "the master record at %#x does not read back" % addr)
    area.whole = True
