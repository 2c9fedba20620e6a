from .digital import DigitalIn, DigitalInOut, DigitalOut
from .interruptin import InterruptIn

__all__ = [
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "InterruptIn",
]
