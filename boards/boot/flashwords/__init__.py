"""Reading the chip's own flash, and writing it word by word."""

try:
    from ._fast import copy, program
except ImportError:
    from ._plain import copy, program

__all__ = ("copy", "program")
