"""Disk files: 16 MB that hold a board's file system, its ROMFS partition and the host page."""

import fcntl
import os
from pathlib import Path

from . import hostpage
from .report import Fail


class Disk:
    """One disk file, owned by one board at a time.

    path: created (sparse, blank) when it does not exist.
    Raises Fail when the file is something else or another board uses it.

    `page` is the live host page.  Close it, or use it as a context manager.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        if self.path.is_dir():
            raise Fail(f"{path} is a folder, not a disk file.", "name a file with --disk")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", 0)
        except OSError as error:
            raise Fail(
                f"the disk {path} cannot be opened: {error.strerror}.",
                "name a file that you may write with --disk",
            ) from None
        try:
            self._lock()
            if os.fstat(self._file.fileno()).st_size == 0:
                self._file.truncate(hostpage.DISK_BYTES)
                hostpage.initialise(self._file)
            self.page = hostpage.HostPage(self.path)
        except BaseException:
            self._file.close()
            raise

    def _lock(self):
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fail(
                f"the disk {self.path} is in use by another board.",
                "leave that board first, or name another file with --disk",
            ) from None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.page.close()
        self._file.close()

    def write_romfs(self, image: bytes):
        """Put a ROMFS image into the partition; the rest of the partition becomes blank.

        The board must not be running: bytecode executes in place from the partition.
        """
        offset, size = hostpage.ROMFS
        if len(image) > size:
            raise Fail(
                f"the application needs {len(image)} bytes of ROMFS; {size} are there.",
                "remove large files from the application's folder",
            )
        self._punch(offset, size)
        self._file.seek(offset)
        self._file.write(image)

    def clear_romfs(self):
        """Make the ROMFS partition blank."""
        self._punch(*hostpage.ROMFS)

    def romfs(self, size: int) -> bytes:
        """The first `size` bytes of the ROMFS partition."""
        self._file.seek(hostpage.ROMFS[0])
        return self._file.read(size)

    def _punch(self, offset: int, size: int):
        """Zero a region without giving it blocks on the host where the region is sparse."""
        end = offset + size
        while offset < end:
            start = offset
            try:
                offset = min(os.lseek(self._file.fileno(), start, os.SEEK_DATA), end)
            except OSError:  # no data behind this point
                return
            try:
                hole = os.lseek(self._file.fileno(), offset, os.SEEK_HOLE)
            except OSError:
                hole = end
            self._file.seek(offset)
            self._file.write(bytes(min(hole, end) - offset))
            offset = min(hole, end)
