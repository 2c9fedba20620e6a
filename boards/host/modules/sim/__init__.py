"""The simulation of board host: wires, buses and what is attached to them.

Pure Python that runs on MicroPython and on CPython. machine.I2C, SPI, UART and Pin of board host are
made of it; unit tests use the same classes on a virtual clock. boards/host/README.md is the guide.
"""

import sys

if sys.implementation.name == "micropython":
    # On the board: whoever comes first, simulated hardware follows the computer's clock.
    from . import host_machine  # noqa: F401
