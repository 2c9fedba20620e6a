from .checking import check
from .faultinjectingblockdevice import FaultInjectingBlockDevice, PowerCut
from .flashsimblockdevice import FlashSimBlockDevice
from .heapblockdevice import HeapBlockDevice
from .mounting import StatVfs, Volume, default, format, mount, statvfs, umount, volume, volumes

__all__ = [
    "FaultInjectingBlockDevice",
    "FlashSimBlockDevice",
    "HeapBlockDevice",
    "PowerCut",
    "StatVfs",
    "Volume",
    "check",
    "default",
    "format",
    "mount",
    "statvfs",
    "umount",
    "volume",
    "volumes",
]
