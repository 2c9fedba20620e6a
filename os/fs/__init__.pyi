from .bufferedblockdevice import BufferedBlockDevice
from .chainingblockdevice import ChainingBlockDevice
from .checking import check
from .exhaustibleblockdevice import ExhaustibleBlockDevice
from .faultinjectingblockdevice import FaultInjectingBlockDevice, PowerCut
from .fileblockdevice import FileBlockDevice
from .flashsimblockdevice import FlashSimBlockDevice
from .heapblockdevice import HeapBlockDevice
from .mbrblockdevice import MBRBlockDevice, partitions
from .mounting import StatVfs, Volume, default, format, mount, statvfs, umount, volume, volumes
from .observingblockdevice import ObservingBlockDevice
from .profilingblockdevice import ProfilingBlockDevice
from .ramblockdevice import RamBlockDevice
from .readonlyblockdevice import ReadOnlyBlockDevice
from .slicingblockdevice import SlicingBlockDevice
from .tdbstore import TDBStore

__all__ = [
    "BufferedBlockDevice",
    "ChainingBlockDevice",
    "ExhaustibleBlockDevice",
    "FaultInjectingBlockDevice",
    "FileBlockDevice",
    "FlashSimBlockDevice",
    "HeapBlockDevice",
    "MBRBlockDevice",
    "ObservingBlockDevice",
    "PowerCut",
    "ProfilingBlockDevice",
    "RamBlockDevice",
    "ReadOnlyBlockDevice",
    "SlicingBlockDevice",
    "StatVfs",
    "Volume",
    "check",
    "default",
    "format",
    "mount",
    "partitions",
    "statvfs",
    "umount",
    "volume",
    "volumes",
    "TDBStore",
]
