"""What the cases of fs share; appended to ../support.py."""

import os


class Folder:
    """with Folder(...) as path: an empty folder: on CPython in the computer's file system, on boards in a
    file system of this kind on memory.
    """

    def __init__(self, kind="littlefs", blocks=64, size=4096):
        self.kind = kind
        self.blocks = blocks
        self.size = size

    def __enter__(self):
        if not MICROPYTHON:  # noqa: F821 - defined in tests/unit/support.py
            import tempfile

            self.made = tempfile.TemporaryDirectory()
            return self.made.name
        import fs

        self.device = fs.HeapBlockDevice(self.blocks * self.size, erase_size=self.size)
        fs.mount(self.device, "/cases", self.kind, format=True)
        return "/cases"

    def __exit__(self, *_):
        if not MICROPYTHON:  # noqa: F821
            self.made.cleanup()
        else:
            import fs

            fs.umount("/cases")


def folder_kinds():
    """The kinds of file systems that Folder knows here."""
    return ("littlefs", "fat") if MICROPYTHON else ("computer",)  # noqa: F821


def tree(path):
    """All files and folders in a folder, sorted."""
    found = []
    for name in sorted(os.listdir(path)):
        whole = path + "/" + name
        found.append(whole)
        if os.stat(whole)[0] & 0x4000:
            found += tree(whole)
    return found


def faint(device):
    """A FaultInjectingBlockDevice whose power cuts come right after an operation has begun: the place is
    touched, but reads as before. cut_at() needs torn="half".
    """
    from fs import FaultInjectingBlockDevice

    class FaintBlockDevice(FaultInjectingBlockDevice):
        def _tear(self, addr, size, buf):
            if buf is None:
                return
            try:  # noqa: SIM105 - contextlib is not on boards
                self._device.program(addr, bytes((self.erase_value,)) * size)
            except OSError:  # touched already
                pass

    return FaintBlockDevice(device)
