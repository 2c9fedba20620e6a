"""The host page: what the tools and a running board tell each other.

The page is the last 64 KB of a disk file, which the board sees as memory.  docs/adr/0001-platform.md
is the contract; this file is its only implementation on the host.
"""

import mmap
import os
import struct
import time
from pathlib import Path

from .report import Fail

# Layout of a disk file: offsets and sizes in bytes.
DISK_BYTES = 16 << 20
ROMFS = (0x800000, 4 << 20)  # below it: the board's file system
PAGE = (0xFF0000, 64 << 10)

MAGIC = 0x4C494F43
VERSION = 1

# Words of the page.
_MAGIC, _VERSION, _HEAP, _FLAGS, _EPOCH = range(0x00, 0x14, 4)
_UNIQUE_ID, _SCRIPT_BYTES = 0x14, 0x1C
_PINS = _PINS_IN, _PINS_OUT, _PINS_DIR, _PINS_SEEN = range(0x40, 0x50, 4)
_DEVICES_BYTES, _REQUEST, _ANSWERED, _REQUEST_BYTES = range(0x50, 0x60, 4)
_DEVICES = 0x100
_DEVICES_MAX = 0x700
_TEXT = 0x800
_TEXT_MAX = 0x800
_SCRIPT = 0x1000
SCRIPT_MAX = 56 << 10
_TRACE_HEAD, _TRACE_TAIL, _TRACE_LOST = range(0xF000, 0xF00C, 4)
_TRACE = 0xF010
_TRACE_RECORDS = 510

# Flags.
SPIN = 1  # busy loop instead of WFI when idle
PREFER_ROM = 2  # the application in /rom goes before /flash/main.py and the frozen one
NO_APP = 4  # go straight to the REPL
FORMAT = 8  # format /flash; the board clears the flag
TRACE = 16  # record changes of pins

#: The "pin" of a record that says that the board has started.
START = 255
#: Names of the pins in records, by number.
TRACED = (*(f"V{n}" for n in range(16)), *(f"LED{n}" for n in range(1, 11)))

#: Virtual pins by name: `V0` .. `V15` and the buttons.
PINS = {**{f"V{n}": n for n in range(16)}, "BUTTON1": 0, "BUTTON2": 1}


class HostPage:
    """The host page of one disk file, live: the board sees every change at once.

    path: a disk file; disk.Disk creates them.
    Raises Fail when the file is no disk of this version.
    """

    def __init__(self, path: Path):
        self.path = path
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if size != DISK_BYTES:
                raise Fail(
                    f"{path} is no Coil disk: it has {size} bytes, not {DISK_BYTES}.",
                    "name another file with --disk; a missing one is created",
                )
            self._map = mmap.mmap(file.fileno(), PAGE[1], offset=PAGE[0])
        if self._get(_MAGIC) != MAGIC:
            self.close()
            raise Fail(
                f"{path} is no Coil disk: its host page has no magic number.",
                "name another file with --disk; a missing one is created",
            )
        if self._get(_VERSION) != VERSION:
            found = self._get(_VERSION)
            self.close()
            raise Fail(
                f"{path} is a disk of version {found}; these tools write version {VERSION}.",
                "use the tools that made it, or name another file with --disk",
            )

    def close(self):
        self._map.close()

    def _get(self, offset: int) -> int:
        return struct.unpack_from("<I", self._map, offset)[0]

    def _set(self, offset: int, value: int):
        struct.pack_into("<I", self._map, offset, value)

    @property
    def heap_bytes(self) -> int:
        """Size of the board's heap; 0 = the board's default."""
        return self._get(_HEAP)

    @heap_bytes.setter
    def heap_bytes(self, value: int):
        self._set(_HEAP, value)

    @property
    def flags(self) -> int:
        return self._get(_FLAGS)

    @flags.setter
    def flags(self, value: int):
        self._set(_FLAGS, value)

    @property
    def epoch_s(self) -> int:
        """Unix time at launch in seconds; 0 = unknown."""
        return self._get(_EPOCH)

    @epoch_s.setter
    def epoch_s(self, value: int):
        self._set(_EPOCH, value)

    @property
    def unique_id(self) -> bytes:
        """What `machine.unique_id()` returns: 8 bytes that stay with the disk."""
        return self._map[_UNIQUE_ID : _UNIQUE_ID + 8]

    @unique_id.setter
    def unique_id(self, value: bytes):
        if len(value) != 8:
            raise ValueError("a unique id has 8 bytes")
        self._map[_UNIQUE_ID : _UNIQUE_ID + 8] = value

    @property
    def script(self) -> str:
        """Python source that the board runs at boot instead of an application; "" = none."""
        return self._map[_SCRIPT : _SCRIPT + self._get(_SCRIPT_BYTES)].decode()

    @script.setter
    def script(self, text: str):
        data = text.encode()
        if len(data) > SCRIPT_MAX:
            raise Fail(
                f"the script has {len(data)} bytes; a board takes {SCRIPT_MAX} at most.",
                "move parts of it into modules of the firmware",
            )
        self._set(_SCRIPT_BYTES, 0)
        self._map[_SCRIPT : _SCRIPT + len(data)] = data
        self._set(_SCRIPT_BYTES, len(data))

    @property
    def pins_in(self) -> int:
        """Levels of the virtual pins as the host drives them, bit n = pin n."""
        return self._get(_PINS_IN)

    @pins_in.setter
    def pins_in(self, value: int):
        self._set(_PINS_IN, value)

    @property
    def pins_out(self) -> int:
        """Levels that the board drives."""
        return self._get(_PINS_OUT)

    @property
    def pins_dir(self) -> int:
        """Bit n = 1: the board uses virtual pin n as an output."""
        return self._get(_PINS_DIR)

    @property
    def pins_seen(self) -> int:
        """The value of pins_in that the board's interrupt handler took last."""
        return self._get(_PINS_SEEN)

    @property
    def devices(self) -> str:
        """What is attached to board host's simulated buses, one device a line; "" = nothing."""
        return self._map[_DEVICES : _DEVICES + self._get(_DEVICES_BYTES)].decode()

    @devices.setter
    def devices(self, text: str):
        data = text.encode()
        if len(data) > _DEVICES_MAX:
            raise Fail(
                f"the list of devices has {len(data)} bytes; a board takes {_DEVICES_MAX}.",
                "attach fewer of them",
            )
        self._map[_DEVICES : _DEVICES + len(data)] = data
        self._set(_DEVICES_BYTES, len(data))

    def ask(self, text: str) -> int:
        """Put a request for the simulation there; returns its number, for answer()."""
        data = text.encode()
        if len(data) > _TEXT_MAX:
            raise Fail("that is too long for a request.", "change fewer properties at a time")
        self._map[_TEXT : _TEXT + len(data)] = data
        self._set(_REQUEST_BYTES, len(data))
        number = (self._get(_REQUEST) + 1) & 0xFFFFFFFF
        self._set(_REQUEST, number)
        return number

    def answer(self, number: int) -> str | None:
        """The answer to a request, None as long as there is none."""
        if self._get(_ANSWERED) != number:
            return None
        return self._map[_TEXT : _TEXT + self._get(_REQUEST_BYTES)].decode(errors="replace")

    @property
    def trace_lost(self) -> int:
        """Changes of pins for which there was no room."""
        return self._get(_TRACE_LOST)

    def take_trace(self) -> list[tuple[int, int, int]]:
        """Take the recorded changes of pins: (time in us, pin, level), oldest first."""
        head, tail = self._get(_TRACE_HEAD), self._get(_TRACE_TAIL)
        found = []
        for number in range(tail, tail + ((head - tail) & 0xFFFFFFFF)):
            at = _TRACE + (number & 0xFFFFFFFF) % _TRACE_RECORDS * 8
            low, rest = struct.unpack_from("<II", self._map, at)
            found.append((low | rest >> 16 << 32, rest & 0xFF, rest >> 8 & 1))
        self._set(_TRACE_TAIL, head)
        return found

    def prepare(
        self, *, heap: int = 0, flags: int = 0, epoch_s: int | None = None, script: str = ""
    ):
        """Fill in everything that one start of the board is told.

        heap: bytes, 0 = default.  epoch_s: None = the host's clock, 0 = unknown.
        The pins start at 0; the unique id stays.
        """
        self.heap_bytes = heap
        self.flags = flags
        self.epoch_s = int(time.time()) if epoch_s is None else epoch_s
        self.script = script
        requests = (_DEVICES_BYTES, _REQUEST, _ANSWERED, _REQUEST_BYTES)
        for offset in (*_PINS, *requests, _TRACE_HEAD, _TRACE_TAIL, _TRACE_LOST):
            self._set(offset, 0)


def initialise(file):
    """Write a fresh host page with a new unique id into an open disk file."""
    page = struct.pack("<5I8sI", MAGIC, VERSION, 0, 0, 0, os.urandom(8), 0)
    file.seek(PAGE[0])
    file.write(page.ljust(_PINS_SEEN + 4, b"\0"))
