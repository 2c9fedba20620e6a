"""Reading and setting a pin, in native code; the same as _plainpin."""

import micropython


@micropython.native
def value(self, value=None):
    """The level, or set it. Context: any, also hard interrupt handlers."""
    if value is None:
        return self.pin()
    self.pin(value)
