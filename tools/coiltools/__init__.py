"""The host side of Coil OS.  `coil` on the command line; `commands/` holds one file a command."""

__version__ = "0.1.0"
