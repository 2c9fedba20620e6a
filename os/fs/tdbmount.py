"""Finding a TDBStore on a medium, making an index of its log, and making a new one."""

from errno import EINVAL, EIO, ENODEV, EOPNOTSUPP

try:
    from ._fasttdb import tag_of
except ImportError:
    from ._plaintdb import tag_of
from .tdbcollector import commit, erase_piece
from .tdbformat import DELETE, HEADER_SIZE, LOST, MASTER_SIZE, VERSION, parse_master, up
from .tdbgather import gather_simple
from .tdblog import DAMAGED, FLAGS, GOOD, HEADER, KEY_HASH, KEY_LEN, NOTHING, Log

_SIZE_MAX = 1 << 30


def open_log(device):
    """A Log for that device. Raises ValueError if it cannot have a store."""
    if device.size >= _SIZE_MAX:
        raise ValueError("a TDBStore uses less than 1 GB: pass it a slice of the device")
    log = Log(device)
    area = log.areas[0]
    if area.stop - area.start < 4 * log.extent_of(HEADER_SIZE) or device.size < len(log.chunk):
        raise ValueError("%d bytes are too few for a TDBStore on this device" % device.size)
    return log


def find_active(log):
    """The active area, with its generation; None: there is no store.

    Raises OSError(EOPNOTSUPP) for one of another version, OSError(EINVAL) for one of another device.
    """
    active = None
    for area in log.areas:
        master = _master(log, area)
        if master is None:
            continue
        version, number, generation, size, unit, erased = master
        if version != VERSION:
            raise OSError(EOPNOTSUPP, "a TDBStore of version %d, not %d" % (version, VERSION))
        if (number, size, unit, erased) != (area.number, log.area_size, log.unit, log.erased):
            raise OSError(
                EINVAL,
                "a TDBStore of another device: area %d of %d bytes, programmed by %d, erased %#x"
                % (number, size, unit, erased),
            )
        area.generation = generation
        area.whole = _is_whole(log, area)
        if active is None or generation > active.generation:
            active = area
    return active


def _master(log, area):
    """What a valid master record of the area says; None: there is none."""
    data = bytearray(MASTER_SIZE)
    for addr in (area.base, area.base + up(MASTER_SIZE, log.unit)):
        log.device.read(addr, data)
        master = parse_master(data)
        if master is not None:
            return master
    return None


def _is_whole(log, area):
    """Whether both master records of the area are there: the first one that is valid, twice."""
    first = bytearray(MASTER_SIZE)
    second = bytearray(MASTER_SIZE)
    log.device.read(area.base, first)
    log.device.read(area.base + up(MASTER_SIZE, log.unit), second)
    return first == second


def load(store):
    """Make the store's index, set of lost keys and figures from its active area."""
    log = store.log
    area = store.active
    store.index.clear()
    store.lost.clear()
    store.live = 0
    addr = area.start
    window = store.collector.window
    window.forget()
    while True:
        if not store.lost:
            addr = gather_simple(store, window, area, addr)
        found = log.find(area, addr, area.stop)
        if found == NOTHING:
            break
        addr = log.addr
        if found != HEADER:
            _lose(store, bytes(log.tail[8:12]))
            addr += log.slot
            continue
        extent = log.extent()
        what = log.verify(area, addr)
        if what == GOOD:
            _apply(store, addr)
        elif what == DAMAGED:
            _lose(store, log.key_hash())
        addr += extent
    area.end = log.clean_from(addr, area.stop)


def _apply(store, addr):
    """A good record, whose header has been read."""
    log = store.log
    index = store.index
    flags = log.state[FLAGS]
    extent = log.extent()
    if flags & LOST:
        _lose(store, log.key_hash())
        return
    if store.lost:
        store.lost.discard(log.key_hash())
    tag = tag_of(log.state, KEY_HASH)
    slot = index.first(tag)
    if slot >= 0:
        n = log.state[KEY_LEN]
        key = bytearray(n)
        log.device.read(addr + HEADER_SIZE, key)
        while slot >= 0 and not log.holds(index.at(slot), key, n):
            slot = index.after(tag, slot)
    if slot >= 0:
        store.live -= log.extent()
        if flags & DELETE:
            index.remove(slot)
        else:
            index.move(slot, addr)
    elif not flags & DELETE:
        index.add(tag, addr)
    if not flags & DELETE:
        store.live += extent


def _lose(store, key_hash):
    """The keys with these four bytes of hash are lost."""
    log = store.log
    index = store.index
    store.lost.add(key_hash)
    tag = key_hash[0] | key_hash[1] << 8
    slot = index.first(tag)
    while slot >= 0:
        addr = index.at(slot)
        if log.read_header(log.area_of(addr), addr) and log.key_hash() == key_hash:
            store.live -= log.extent()
            index.remove(slot)
            slot = index.first(tag)
        else:
            slot = index.after(tag, slot)


def erase_area(log, area):
    """Erase all of it, and see that it is."""
    addr = area.base
    while addr < area.stop:
        addr = erase_piece(log, addr, area.stop)
    addr = log.dirty(area.base, area.stop)
    if addr < area.stop:
        raise OSError(EIO, "%#x is not erased after it was" % addr)


def mkfs(log):
    """Make an empty store; returns its active area. Raises OSError(EIO)."""
    area = log.areas[0]
    generation = 0
    for other in log.areas:
        master = _master(log, other)
        if master is not None and master[2] >= generation:
            generation = master[2]
            area = log.areas[1 - other.number]
    # One that was there is replaced in one step, as by reset().
    erase_area(log, area)
    area.generation = 1 if generation >= 0xFFFFFFFF else generation + 1
    area.end = area.start
    commit(log, area)
    other = log.areas[1 - area.number]
    erase_area(log, other)
    _check_size(log, area, other)
    return area


def _check_size(log, area, other):
    """See that the end of the other area is there, and not a second face of the active one."""
    device = log.device
    unit = log.unit
    addr = other.stop - unit
    data = bytes((log.erased ^ 0xFF,)) * unit
    found = bytearray(unit)
    device.program(addr, data)
    device.sync()
    device.read(addr, found)
    if found != data:
        raise OSError(ENODEV, "the device is smaller than it says: nothing stays at %#x" % addr)
    if _master(log, area) is None or log.dirty(area.start, area.stop) < area.stop:
        raise OSError(ENODEV, "the device is smaller than it says: what is written shows up twice")
    erase_piece(
        log, addr if device.erase_value is None else addr + unit - device.erase_size, other.stop
    )


def reset(log, active):
    """Make the other area active, without records; returns it. Raises OSError(EIO)."""
    area = log.areas[1 - active.number]
    erase_area(log, area)
    area.generation = active.generation + 1
    area.end = area.start
    commit(log, area)
    return area
