"""There is none on CPython, where rtos runs on a VirtualPort."""

raise ImportError("no kernelport on CPython")
