"""What the cases of drivers share; appended to ../support.py."""

# ---- I2C buses for chips

_ERRNO = {"ENODEV": 19, "EIO": 5, "ETIMEDOUT": 110}


class Transcript:
    """An I2C bus on which exactly these transfers happen, in this order.

    A line is `address w bytes`, or `address r register : bytes`; all numbers hexadecimal. Behind `!`
    stands the errno that the transfer ends with, or, for a write, how many bytes are acknowledged.
    """

    def __init__(self, *lines):
        self._lines = list(lines)

    def __repr__(self):
        return "<Transcript>"

    def add(self, *lines):
        self.done()
        self._lines = list(lines)

    def done(self):
        assert not self._lines, f"not transferred: {self._lines}"

    def _next(self, head):
        assert self._lines, f"one transfer too many: {head}"
        line = self._lines.pop(0)
        line, _, end = line.partition(" !")
        line, _, reply = line.partition(" :")
        line = line.strip()
        assert line == head, f"transferred {head}, expected {line}"
        end = end.strip()
        if end in _ERRNO:
            raise OSError(_ERRNO[end], "the bus failed")
        return reply, end

    def writeto(self, addr, buf, stop=True):
        assert stop
        _, acks = self._next(f"{addr:02x} w {_hex(buf)}")
        return int(acks) if acks else len(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        register = f"{memaddr:02x}" if addrsize == 8 else f"{memaddr:04x}"
        reply, _ = self._next(f"{addr:02x} r {register}")
        reply = bytes.fromhex(reply.replace(" ", ""))
        assert len(reply) == len(buf), f"read {len(buf)} bytes, expected {len(reply)}"
        buf[:] = reply


def _hex(buf):
    return " ".join([f"{byte:02x}" for byte in buf])


class Registers:
    """An I2C bus with one chip of plain registers, which allocates nothing."""

    def __init__(self, size=256):
        self.bytes = bytearray(size)

    def writeto(self, addr, buf, stop=True):
        at = buf[0]
        for i in range(1, len(buf)):
            self.bytes[at + i - 1] = buf[i]
        return len(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        for i in range(len(buf)):
            buf[i] = self.bytes[memaddr + i]


def fails(code, text, function, *arguments):
    """function(*arguments) raises OSError(code) with that text in it."""
    error = raises(OSError, function, *arguments)  # noqa: F821 - defined in tests/unit/support.py
    assert error.errno == _ERRNO.get(code, code), error
    assert text in str(error), error


# ---- Moving pins and time from outside


def hand_on(name):
    """A function of a level that drives an input from outside; its interrupt comes at once."""
    from driverport import resolve

    key = resolve(name)
    number = int(key[1:])
    if not MICROPYTHON:  # noqa: F821
        import machine

        return lambda level: machine.drive(key, level)
    import _build

    if _build.BOARD == "host":
        from host import pin_input

        return lambda level: pin_input(number, level)
    from machine import mem32
    from mps2 import pend

    pins_in = 0x21FF0040  # docs/adr/0001-platform.md
    mask = 1 << number

    def drive(level):
        mem32[pins_in] = mem32[pins_in] & ~mask | (mask if level else 0)
        pend(31)

    return drive


def drive(name, level):
    hand_on(name)(level)


def let_go(name):
    """Drive an input no more."""
    drive(name, 0 if MICROPYTHON else None)  # noqa: F821


def press(name, times=1):
    hand = hand_on(name)
    for _ in range(times):
        hand(1)
        hand(0)


def settle():
    """Let soft callbacks run."""
    if MICROPYTHON:  # noqa: F821
        for _ in range(20):
            pass
    else:
        import micropython

        micropython.run_scheduled()


def advance(us):
    """On CPython: let time pass; what is due happens at its time, soft callbacks behind each."""
    import machine

    machine.advance(us, settle)


# ---- Simulated hardware of board host


def fresh():
    """A board with nothing attached, at time 0 of a virtual clock. Returns the clock."""
    import machine

    machine.Pin  # noqa: B018 - on board host it installs the computer's clock, which this replaces
    from sim import board, clock, machine_pin

    board.reset()
    machine_pin.reset()
    return clock.use(clock.VirtualClock())


def SimulatedPort():
    """A port for rtos.run() whose time is the simulation's; fresh() comes first."""
    import rtos
    from rtos.core import set_clock
    from sim import clock

    if not MICROPYTHON:  # noqa: F821
        import gc

        gc.collect = lambda: (
            0
        )  # which the kernel does in idle time, and the simulation idles often

    class Port(rtos.VirtualPort):
        def idle(self):
            settle()
            if not self._woken and not _anything_ready():
                now = clock.now()
                due = now + 1_000_000 if self._due < 0 else self._first_us + self._due * 1000
                if due > now:
                    clock.current().pause(due)
                self.ms = (clock.now() - self._first_us) // 1000
                if 0 <= self._due <= self.ms:
                    self._ring()
                else:
                    set_clock(self.ms)
                settle()
            self._woken = False

    port = Port()
    port._first_us = clock.now()
    return port


def _anything_ready():
    from rtos.kernel import kernel

    return any(thread.strand.queued for thread in kernel.threads)
