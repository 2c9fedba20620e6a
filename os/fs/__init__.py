"""Storage: media, file systems, stores. docs/fs.md has the guide."""

_LAZY = {
    # media
    "HeapBlockDevice": "heapblockdevice",
    "RamBlockDevice": "ramblockdevice",
    "FileBlockDevice": "fileblockdevice",
    "SlicingBlockDevice": "slicingblockdevice",
    "ChainingBlockDevice": "chainingblockdevice",
    "MBRBlockDevice": "mbrblockdevice",
    "partitions": "mbrblockdevice",
    "BufferedBlockDevice": "bufferedblockdevice",
    "ReadOnlyBlockDevice": "readonlyblockdevice",
    "ProfilingBlockDevice": "profilingblockdevice",
    "ObservingBlockDevice": "observingblockdevice",
    "ExhaustibleBlockDevice": "exhaustibleblockdevice",
    "FlashSimBlockDevice": "flashsimblockdevice",
    "FaultInjectingBlockDevice": "faultinjectingblockdevice",
    "PowerCut": "faultinjectingblockdevice",
    # file systems
    "mount": "mounting",
    "umount": "mounting",
    "format": "mounting",
    "statvfs": "mounting",
    "StatVfs": "mounting",
    "Volume": "mounting",
    "volume": "mounting",
    "volumes": "mounting",
    "default": "mounting",
    "check": "checking",
    "aio": "aiofile",
    "AsyncFile": "aiofile",
    # records
    "RecordLog": "recordlog",
    # stores
    "TDBStore": "tdbstore",
    # stores on file systems, stores by name
    "FileSystemStore": "filesystemstore",
    "store": "namedstores",
    "stores": "namedstores",
    "attach_store": "namedstores",
    "detach_store": "namedstores",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 1), name)
    globals()[name] = value
    return value
