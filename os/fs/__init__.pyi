from .faultinjectingblockdevice import FaultInjectingBlockDevice, PowerCut
from .flashsimblockdevice import FlashSimBlockDevice
from .heapblockdevice import HeapBlockDevice

__all__ = [
    "FaultInjectingBlockDevice",
    "FlashSimBlockDevice",
    "HeapBlockDevice",
    "PowerCut",
]
