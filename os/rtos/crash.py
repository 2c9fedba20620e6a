"""The record, in RAM that survives a warm reset, of which thread has failed and why."""

from micropython import const

from .kernel import kernel

# In the no-init RAM: magic, length of the text, sum of its bytes, the text "thread\0reason".
_MAGIC = b"CRTS"
_HEADER = const(8)
_TEXT_MAX = const(120)
# Behind it, for watchdog.py: magic, which thread has checked in last, which has been seen to keep the
# processor (255: none), how many there are, the names of threads.
_TABLE = const(128)
_TABLE_MAGIC = b"CRTW"
_NAMES = const(_TABLE + 8)
_NAME_SIZE = const(16)
_NAMES_MAX = const(16)
_NOBODY = const(255)


def record(name, reason):
    """Write into RAM that survives a warm reset which thread has failed and why."""
    memory = kernel.port.noinit()
    if memory is None:
        return
    text = ("%s\0%s" % (name, reason)).encode()[: min(_TEXT_MAX, len(memory) - _HEADER)]
    memory[4:_HEADER] = bytes((len(text), 0, sum(text) & 0xFF, sum(text) >> 8))
    memory[_HEADER : _HEADER + len(text)] = text
    memory[0:4] = _MAGIC
    if len(memory) > _NAMES:
        memory[_TABLE : _TABLE + 4] = bytes(4)


def watch_table(names):
    """Note whom last_crash() may have to name after a reset by the hardware watchdog.

    Returns a buffer of two bytes, which survive the reset: the index of the thread that has checked in
    last, and of the one that keeps the processor; None if there is no such memory.
    """
    memory = kernel.port.noinit()
    if memory is None or len(memory) < _NAMES + _NAMES_MAX * _NAME_SIZE:
        return None
    count = min(len(names), _NAMES_MAX)
    memory[_TABLE : _TABLE + 4] = bytes(4)
    for i in range(count):
        name = names[i].encode()[:_NAME_SIZE]
        at = _NAMES + i * _NAME_SIZE
        memory[at : at + _NAME_SIZE] = name + bytes(_NAME_SIZE - len(name))
    memory[_TABLE + 4 : _NAMES] = bytes((_NOBODY, _NOBODY, count, 0))
    memory[_TABLE : _TABLE + 4] = _TABLE_MAGIC
    return memoryview(memory)[_TABLE + 4 : _TABLE + 6]


def _unnoticed(memory):
    """(thread, reason) of a failure that only the hardware watchdog has noticed, or None."""
    if len(memory) <= _NAMES or bytes(memory[_TABLE : _TABLE + 4]) != _TABLE_MAGIC:
        return None
    reason = "kept the processor"
    index = memory[_TABLE + 5]
    if index == _NOBODY:
        reason = "was the last to check in; then the hardware watchdog has reset the board"
        index = memory[_TABLE + 4]
    if index >= memory[_TABLE + 6]:
        return None
    at = _NAMES + index * _NAME_SIZE
    name = bytes(memory[at : at + _NAME_SIZE]).rstrip(b"\0")
    return name.decode("utf-8", "replace"), reason


def last_crash(port=None):
    """(thread, reason) of the failure that reset the board last, or None. Context: not an ISR.

    port: see start(); needed only before the kernel runs on a board of its own.
    """
    if port is None:
        port = kernel.port
    if port is None:
        from kernelport import Port

        port = Port()
    memory = port.noinit()
    if memory is None:
        return None
    found = _unnoticed(memory) if port.watchdog_reset() else None
    if found is not None:
        return found
    if bytes(memory[0:4]) != _MAGIC:
        return None
    text = bytes(memory[_HEADER : _HEADER + memory[4]])
    if sum(text) != memory[6] | memory[7] << 8:
        return None
    name, _, reason = text.decode("utf-8", "replace").partition("\0")
    return name, reason
