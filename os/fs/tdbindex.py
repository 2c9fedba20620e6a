"""Index: where the record of each key is, in 6 bytes of memory a slot.

A hash table with open addressing and linear probing: for each key 16 bits of its hash, the tag, and
the address of its record. Which of the keys with one tag it is, the medium tells.
Source: D. Knuth, TAOCP 3, section 6.4, algorithms L and R.
"""

from array import array

from micropython import const

try:
    from ._fasttdb import probe
except ImportError:
    from ._plaintdb import probe

_SLOTS_MIN = const(64)


class Index:
    """Tags and addresses, 1 to 2**30 - 1; address 0 is an empty slot.

    count: of the entries. table: tags, addresses, the number of slots less one. A slot's number holds until the next add() or remove().
    Context: any thread, one at a time. Allocates in reserve() and add(), when it grows; it does not shrink.
    """

    def __init__(self):
        self.clear()

    def __repr__(self):
        return "<Index of %d in %d slots>" % (self.count, self._mask + 1)

    def clear(self):
        """Forget all."""
        self.count = 0
        self._make(_SLOTS_MIN)

    def _make(self, slots):
        tags = array("H", bytes(2 * slots))
        self._addrs = array("I", bytes(4 * slots))
        self._tags = tags
        self._mask = slots - 1
        self.table = (tags, self._addrs, slots - 1)

    def first(self, tag):
        """The slot of the first entry with that tag; below 0: there is none."""
        mask = self._mask
        return probe(self._tags, self._addrs, mask, tag, tag & mask)

    def after(self, tag, slot):
        """The slot of the next entry with that tag; below 0: there is none."""
        mask = self._mask
        return probe(self._tags, self._addrs, mask, tag, (slot + 1) & mask)

    def at(self, slot):
        """The address in that slot."""
        return self._addrs[slot]

    def slot_of(self, tag, addr):
        """The slot of the entry with that tag and address; below 0: there is none."""
        slot = self.first(tag)
        while slot >= 0 and self._addrs[slot] != addr:
            slot = self.after(tag, slot)
        return slot

    def room(self):
        """Entries that there is room for."""
        return (self._mask + 1) * 3 // 4 - self.count

    def reserve(self):
        """Have room for one entry more. Raises MemoryError, and nothing has changed."""
        slots = self._mask + 1
        if (self.count + 1) * 4 > slots * 3:
            self._grow(slots * 2)

    def add(self, tag, addr):
        """A new entry. Raises MemoryError, and nothing has changed."""
        self.reserve()
        self._put(tag, addr)
        self.count += 1

    def _put(self, tag, addr):
        mask = self._mask
        addrs = self._addrs
        slot = tag & mask
        while addrs[slot]:
            slot = (slot + 1) & mask
        self._tags[slot] = tag
        addrs[slot] = addr

    def _grow(self, slots):
        tags = self._tags
        addrs = self._addrs
        self._make(slots)
        for slot in range(len(tags)):
            if addrs[slot]:
                self._put(tags[slot], addrs[slot])

    def move(self, slot, addr):
        """Its record is there now."""
        self._addrs[slot] = addr

    def remove(self, slot):
        """Forget the entry in that slot; those behind it move up."""
        tags = self._tags
        addrs = self._addrs
        mask = self._mask
        hole = slot
        at = (slot + 1) & mask
        while addrs[at]:
            home = tags[at] & mask
            if (at - home) & mask >= (at - hole) & mask:
                tags[hole] = tags[at]
                addrs[hole] = addrs[at]
                hole = at
            at = (at + 1) & mask
        addrs[hole] = 0
        self.count -= 1

    def tags(self):
        """The tags that there are, each once, ascending (allocates)."""
        tags = self._tags
        addrs = self._addrs
        found = sorted([tags[slot] for slot in range(len(tags)) if addrs[slot]])
        return [found[i] for i in range(len(found)) if not i or found[i] != found[i - 1]]
