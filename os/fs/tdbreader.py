"""TDBReader: what a TDBStore does without writing."""

from errno import EIO, ENODEV

from micropython import const
from rtos.core import lock, unlock

try:
    from ._fastrecord import find, locked
    from ._fasttdb import agrees, copy, crc, encode, key_size, store, tag_of
except ImportError:
    from ._plainrecord import find, locked
    from ._plaintdb import agrees, copy, crc, encode, key_size, store, tag_of
from .tdbformat import HEADER_SIZE, KEY_CHARS_MAX, WRITE_ONCE
from .tdbindex import Index
from .tdblog import FLAGS, KEY_HASH, KEY_LEN, SIZE, VALUE_CRC
from .tdbmount import find_active, load, open_log

_ODD = const(14)  # DELETE, STREAMED, LOST
_WRITABLE = (bytearray, memoryview)

# state
OPEN = const(0)
STALE = const(1)  # the index is no longer what the medium says
GONE = const(2)


class TDBReader:
    """Base of TDBStore: finds keys and reads values, on a log and with an index.

    live: bytes of the records that count. lost: hashes of keys whose values are damaged, 4 bytes each.
    """

    def __init__(self, device):
        self.log = open_log(device)
        self.index = Index()
        self.lost = set()
        self.live = 0
        self.active = None
        self._state = STALE
        self._n = 0  # bytes of the key that was looked for last
        self._tag = 0  # of that
        self._checked = 0  # address of a record whose value was as it should be

    def _start(self):
        """Look at the medium as after a reset."""
        self.active = find_active(self.log)
        if self.active is None:
            raise OSError(EIO, "the TDBStore is gone from its device")
        self._load()

    def _load(self):
        self._checked = 0
        load(self)
        self._state = OPEN

    def __getitem__(self, key):
        """The value, new bytes. Raises KeyError, ValueError, OSError(EIO)."""
        value = self.get(key, self)
        if value is self:
            raise KeyError(key)
        return value

    def get(self, key, default=None):
        """The value, new bytes; default if there is no such key. Raises ValueError, OSError(EIO)."""
        value = locked(_get, self, key)
        return default if value is None else value

    def readinto(self, key, buf, offset=0):
        """Fill buf with the value from offset on; returns how many bytes that are.

        Raises KeyError; ValueError for an offset behind the end; TypeError; OSError(EIO).
        """
        if not isinstance(buf, _WRITABLE):
            raise TypeError("pass a bytearray or a memoryview of one")
        n = len(buf)
        if n:
            buf[0] = buf[0]  # TypeError if it is read-only
        lock()
        try:
            addr = self._locate(key)
            if not addr:
                raise KeyError(key)
            size = self.log.state[SIZE]
            left = size - offset
            if offset < 0 or left < 0:
                raise ValueError("offset: 0 to %d for this value" % size)
            if n > left:
                n = left
            self._read(addr, buf, offset, n)
            return n
        finally:
            unlock()

    def info(self, key):
        """(size in bytes, write_once). Raises KeyError, ValueError, OSError(EIO)."""
        lock()
        try:
            if not self._locate(key):
                raise KeyError(key)
            state = self.log.state
            return state[SIZE], bool(state[FLAGS] & WRITE_ONCE)
        finally:
            unlock()

    def __contains__(self, key):
        lock()
        try:
            return bool(self._locate(key))
        finally:
            unlock()

    def __len__(self):
        return self.index.count

    def __iter__(self):
        return self.keys()

    def keys(self, prefix=""):
        """Iterate over the keys that begin with prefix, in no order.

        Those that are set or removed meanwhile may come or not. Takes 4 bytes for each key.
        """
        lock()
        try:
            self._ready()
            tags = self.index.tags()
        finally:
            unlock()
        for tag in tags:
            lock()
            try:
                self._ready()
                found = self._keys_with(tag)
            finally:
                unlock()
            for key in found:
                if key.startswith(prefix):
                    yield key

    def _keys_with(self, tag):
        log = self.log
        index = self.index
        found = []
        slot = index.first(tag)
        while slot >= 0:
            addr = index.at(slot)
            if log.read_header(log.area_of(addr), addr):
                n = log.state[KEY_LEN]
                log.digest(addr + HEADER_SIZE, n)
                if agrees(log.state, KEY_HASH):
                    key = bytearray(n)
                    log.device.read(addr + HEADER_SIZE, key)
                    found.append(bytes(key).decode())
            slot = index.after(tag, slot)
        return found

    # ---- Parts of them. The kernel is locked.

    def _get(self, key):
        """The value, None if there is no such key."""
        # Most values come by one read of the medium. What is not as it is mostly, is for those below.
        log = self.log
        if self._state == OPEN:
            addr = find(log.state, key, self.index.table)
            if addr > 0:
                if addr <= log.last:
                    at = log.fetch(addr, key)
                    if at > 0:
                        return bytes(log.view[at : at + log.state[SIZE]])
                    if at < 0 and not log.state[FLAGS] & _ODD:
                        at = self._long(addr + ~at)
                        if at is not None:
                            return at
            elif not addr and not self.lost:
                return None
        addr = self._locate(key)
        return self._value(addr) if addr else None

    def _long(self, place):
        """The value there, longer than a chunk; None: it is not what it was."""
        log = self.log
        n = log.state[SIZE]
        value = bytearray(n)
        log.device.read(place, value)
        log.state[0] = 0
        crc(log.state, value, 0, n)
        return bytes(value) if agrees(log.state, VALUE_CRC) else None

    def _value(self, addr):
        n = self.log.state[SIZE]
        value = bytearray(n)
        self._read(addr, value, 0, n)
        return bytes(value)

    def check_open(self):
        """Raises OSError(ENODEV) after deinit()."""
        if self._state == GONE:
            raise OSError(ENODEV, "TDBStore is deinitialised")

    def _ready(self):
        self.check_open()
        if self._state == STALE:
            self._start()

    def _name(self, key):
        """The key as _fasttdb takes it; _n is how many bytes that are. Raises ValueError."""
        if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARS_MAX:
            raise ValueError("a key is a str of 1 to %d characters, not %r" % (KEY_CHARS_MAX, key))
        name = encode(key)
        self._n = n = key_size(name, len(key))
        if not n:
            raise ValueError(
                'no key has a space, a control character or one of */?:;"|<>\\ in it: %r' % key
            )
        return name

    def _locate(self, key):
        """The address of the key's record, whose header is read; 0: there is none."""
        name = self._name(key)
        slot = self._search(name, self._n)
        if slot >= 0:
            return self.index.at(slot)
        if self.lost and self._hash(name, self._n) in self.lost:
            raise OSError(EIO, "the value of %r is lost: the medium is damaged" % key)
        return 0

    def _search(self, name, n):
        """The slot of the key, whose header is read; below 0: there is none."""
        if self._state != OPEN:
            self._ready()
        log = self.log
        index = self.index
        state = log.state
        state[0] = 0
        crc(state, name, 0, n)
        self._tag = tag = tag_of(state, 0)
        slot = index.first(tag)
        while slot >= 0 and not log.holds(index.at(slot), name, n):
            slot = index.after(tag, slot)
        return slot

    def _hash(self, name, n):
        state = self.log.state
        state[0] = 0
        crc(state, name, 0, n)
        value = bytearray(4)
        store(state, 0, value, 0)
        return bytes(value)

    def _read(self, addr, buf, offset, n):
        """Copy n bytes of the value of the record at addr, and see that it is what it was."""
        log = self.log
        state = log.state
        size = state[SIZE]
        place = addr + HEADER_SIZE + state[KEY_LEN]
        if not offset or addr != self._checked:
            self._checked = 0
            good = log.sum(log.area_of(addr), addr)
            whole = n == size == len(buf) and n > len(log.chunk)
            if whole:
                log.device.read(place, buf)
                state[0] = 0
                crc(state, buf, 0, n)
            else:
                log.digest(place, size)
            if not good or not agrees(state, VALUE_CRC):
                raise OSError(EIO, "a value is damaged at %#x" % place)
            if whole:
                return
            self._checked = addr
        self._copy(place + offset, buf, n)

    def _copy(self, place, buf, n):
        log = self.log
        chunk = log.chunk
        done = 0
        while done < n:
            at = log.have(place + done)
            part = len(chunk) - at
            if part > n - done:
                part = n - done
            copy(buf, done, chunk, at, part)
            done += part


_get = TDBReader._get
