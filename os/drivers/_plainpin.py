"""Reading and setting a pin where the processor runs no native code."""


def value(self, value=None):
    """The level, or set it. Context: any, also hard interrupt handlers."""
    if value is None:
        return self.pin()
    self.pin(value)
