"""How Queue puts and gets in the twin of the core: the short ways, and where they begin to be long."""

from ._plainmain import core


def put(self, item, priority=0, timeout_ms=None):
    """Put an item in, when there is room for it. Awaitable of None.

    priority: 0 to 255, higher ones come out first. timeout_ms: None = wait for ever, 0 = do not.
    Raises OSError(ETIMEDOUT) if there was no room in that time; ValueError. Context: thread.
    """
    if self.short and not priority and core.in_thread():
        strand = core.top
        if strand.state:
            strand = core.begin()
        if self.add(item):
            return strand.place
    self.priority = priority
    self.timeout_ms = timeout_ms
    return self.wait_to_put(item)  # reads them before anything can come in between


def get(self, timeout_ms=None):
    """Take the next item out, when there is one. Awaitable of the item.

    timeout_ms: None = wait for ever, 0 = do not.
    Raises OSError(ETIMEDOUT) if none came in that time; ValueError. Context: thread.
    """
    return self.wait_to_get(timeout_ms)


def put_nowait(self, item, priority=0):
    """Put an item in if there is room for it. Returns whether; if not, `dropped` counts it.

    priority: as for put(). Raises ValueError. Context: any, ISR too; allocates nothing.
    """
    if core.is_isr() or core.locked():
        return self.leave(item, priority)
    if self.short and not priority and self.add(item):
        return True
    return self.put_long(item, priority)


def get_nowait(self, default=None):
    """Take the next item out if there is one, else return `default`.

    In a handler, and while the kernel is locked, it finds nothing. Context: thread, base level,
    callback; allocates nothing.
    """
    if core.is_isr() or core.locked():
        return default
    return self.get_long(default)
