from .digital import DigitalIn, DigitalInOut, DigitalOut

__all__ = [
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
]
