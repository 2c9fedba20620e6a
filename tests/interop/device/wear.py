"""Wears a medium out with a store, and prints what `coil fs wear` draws."""

import json

from fs import ExhaustibleBlockDevice, HeapBlockDevice, TDBStore

CYCLES = 60
flash = HeapBlockDevice(16384, program_size=4, erase_size=512, erase_value=255)
flash = ExhaustibleBlockDevice(flash, cycles=CYCLES)
kv = TDBStore(flash, format=True)
writes = 0
try:
    while not flash.worn():
        kv["counter"] = b"%d" % writes
        writes += 1
except OSError:  # a block is worn
    pass
print(json.dumps({"erases": list(flash.wear), "limit": CYCLES, "writes": writes}))
