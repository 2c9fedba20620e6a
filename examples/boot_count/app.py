"""Counts how often the board has started, in the board's key-value store."""

import fs

kv = fs.store()  # a file for each key, in /flash/kv
count = int(kv.get("boots", b"0")) + 1
kv["boots"] = str(count).encode()
print("start number", count)
