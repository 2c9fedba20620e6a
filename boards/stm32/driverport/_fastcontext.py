"""Whether an interrupt handler runs, of the processor."""

import micropython


# IPSR holds the number of the exception that is being handled, 0: none. Source: ARMv7-M Architecture
# Reference Manual (DDI 0403), B1.4.2.
@micropython.asm_thumb
def in_isr():
    """Whether the caller is, or was called by, a hard interrupt handler. Context: any."""
    mrs(r0, IPSR)  # noqa: F821
