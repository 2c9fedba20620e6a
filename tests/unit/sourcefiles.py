# Sent in front of a case file to boards, behind `_files`: path -> text. Mounts them, and has imports
# look there first.
class _Sources:
    def __init__(self, files):
        self._files = files

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def chdir(self, path):
        pass

    def stat(self, path):
        if path in self._files:
            return (0x8000, 0, 0, 0, 0, 0, len(self._files[path]), 0, 0, 0)
        if any(name.startswith(path + "/") for name in self._files):
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def open(self, path, mode):
        import io

        return io.BytesIO(self._files[path].encode())


def _mount():
    import os
    import sys

    os.mount(_Sources(_files), "/sources")  # noqa: F821
    sys.path.insert(0, "/sources")


_mount()
del _files, _mount  # noqa: F821
