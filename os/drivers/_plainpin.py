"""What is done with pins most often, where the processor runs no native code."""


def value(self, value=None):
    """The level, or set it. Context: any, also hard interrupt handlers."""
    if value is None:
        return self.pin()
    self.pin(value)


def edge(self, pin):
    """What InterruptIn does in the interrupt."""
    if pin():
        function = self.on_rise
        bits = 1
    else:
        function = self.on_fall
        bits = 2
    if function is not None:
        function(self)
    flags = self.flags
    if flags is not None:
        flags.set(bits)
