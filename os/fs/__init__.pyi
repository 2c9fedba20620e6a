from .aiofile import AsyncFile, aio
from .bufferedblockdevice import BufferedBlockDevice
from .chainingblockdevice import ChainingBlockDevice
from .checking import check
from .exhaustibleblockdevice import ExhaustibleBlockDevice
from .faultinjectingblockdevice import FaultInjectingBlockDevice, PowerCut
from .fileblockdevice import FileBlockDevice
from .filesystemstore import FileSystemStore
from .flashsimblockdevice import FlashSimBlockDevice
from .heapblockdevice import HeapBlockDevice
from .mbrblockdevice import MBRBlockDevice, partitions
from .mounting import StatVfs, Volume, default, format, mount, statvfs, umount, volume, volumes
from .namedstores import attach_store, detach_store, store, stores
from .observingblockdevice import ObservingBlockDevice
from .profilingblockdevice import ProfilingBlockDevice
from .ramblockdevice import RamBlockDevice
from .readonlyblockdevice import ReadOnlyBlockDevice
from .recordlog import RecordLog
from .slicingblockdevice import SlicingBlockDevice
from .tdbstore import TDBStore

__all__ = [
    "AsyncFile",
    "BufferedBlockDevice",
    "ChainingBlockDevice",
    "ExhaustibleBlockDevice",
    "FaultInjectingBlockDevice",
    "FileBlockDevice",
    "FileSystemStore",
    "FlashSimBlockDevice",
    "HeapBlockDevice",
    "MBRBlockDevice",
    "ObservingBlockDevice",
    "PowerCut",
    "ProfilingBlockDevice",
    "RamBlockDevice",
    "ReadOnlyBlockDevice",
    "RecordLog",
    "SlicingBlockDevice",
    "StatVfs",
    "TDBStore",
    "Volume",
    "aio",
    "attach_store",
    "check",
    "default",
    "detach_store",
    "format",
    "mount",
    "partitions",
    "statvfs",
    "store",
    "stores",
    "umount",
    "volume",
    "volumes",
]
