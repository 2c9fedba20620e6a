"""Simulated I2C and SPI targets: our own board as the device, for a controller on the same bus.

A target that has no byte for the controller, or no room for one, holds the clock: time passes until
the program has provided it, at most 50 ms; then the transfer ends with OSError(ETIMEDOUT).
"""

from errno import ETIMEDOUT

from . import clock

_FIFO = 16
_STRETCH_US = 50_000
_MEM_ADDR_SIZES = (0, 8, 16, 24, 32)


class I2CTarget:
    """machine.I2CTarget: a device with memory, or with a handler that answers.

    id: the bus, 0 to 3. addr: 7 bits. mem: a buffer that the controller reads and writes; addresses
    wrap. mem_addrsize: bits of the address in front, 0, 8, 16, 24 or 32. general_call: also take
    what is for address 0; MicroPython has not that.
    """

    IRQ_ADDR_MATCH_READ = 1
    IRQ_ADDR_MATCH_WRITE = 2
    IRQ_READ_REQ = 4
    IRQ_WRITE_REQ = 8
    IRQ_END_READ = 16
    IRQ_END_WRITE = 32

    def __init__(
        self,
        id=3,
        addr=None,
        *,
        addrsize=7,
        mem=None,
        mem_addrsize=8,
        scl=None,
        sda=None,
        general_call=False,
    ):
        from . import board

        if addrsize != 7 or not isinstance(addr, int) or not 0x08 <= addr <= 0x77:
            raise ValueError("addr must have 7 bits, 0x08 to 0x77")
        if mem_addrsize not in _MEM_ADDR_SIZES:
            raise ValueError("mem_addrsize must be 0, 8, 16, 24 or 32")
        bus = board.i2c(id)
        board.check_pins(f"I2CTarget({id})", (("scl", scl, bus.scl), ("sda", sda, bus.sda)))
        self._id = id
        self._addr = addr
        self._bus = bus
        self._mem = None if mem is None else memoryview(mem)
        self._address_bytes = mem_addrsize >> 3
        #: The memory address that the controller has selected last.
        self.memaddr = 0
        self._next = self._address = self._left = 0
        self._direction = 0  # the event that ends the transfer, 0 when there is none
        self._byte = -1  # from the controller, not read yet
        self._fifo = bytearray(_FIFO)
        self._put = self._get = 0
        self._trigger = 0
        self._events = self._flags = 0
        #: faults.LostInterrupt may make it lose some.
        self.interrupt = clock.Interrupt(self)
        self._handler = None
        self._irq = _Irq(self)
        # Bound here, since transfers do not allocate.
        self._has_reply = self._replied
        self._was_read = self._consumed
        self._devices = [bus.attach(addr, _Device(self, False))]
        if general_call:
            self._devices.append(bus.attach(0, _Device(self, True)))

    def __repr__(self):
        return f"<I2CTarget {self._id} addr={self._addr:#04x}>"

    def deinit(self):
        """Leave the bus."""
        for device in self._devices:
            self._bus.detach(device)
        self.interrupt.set(None)

    def readinto(self, buf):
        """Take the byte that the controller has written. Returns how many, 0 or 1."""
        if self._byte < 0 or not len(buf):
            return 0
        buf[0] = self._byte
        self._byte = -1
        return 1

    def write(self, buf):
        """Bytes for the controller. Returns how many there was room for."""
        n = 0
        for byte in buf:
            after = (self._put + 1) % _FIFO
            if after == self._get:
                break
            self._fifo[self._put] = byte
            self._put = after
            n += 1
        return n

    def irq(self, handler=None, trigger=None, hard=False):
        """Set the handler: called with the target. Without arguments: the irq object."""
        if handler is None and trigger is None:
            return self._irq
        trigger = 48 if trigger is None else trigger
        if trigger & 15 and not hard:
            raise ValueError("hard=True is required for these triggers")
        self._trigger = trigger
        self._handler = handler
        self._events = 0
        self.interrupt.set(None if handler is None else I2CTarget._interrupted, hard)
        return self._irq

    # ---- What the bus says, by way of a _Device

    def begin(self, read, general):
        """Addressed."""
        self._end()
        #: Whether it is address 0 by which the controller called.
        self.general = general
        self._direction = 16 if read else 32
        self._left = self._address_bytes
        if not read:
            self._next = 0
        self._happen(1 if read else 2)

    def take(self, byte):
        """A byte from the controller."""
        if self._mem is not None:
            if self._left:
                self._left -= 1
                self._next = self._next << 8 | byte
                if not self._left:
                    self.memaddr = self._address = self._next % len(self._mem)
            else:
                self._mem[self._address] = byte
                self._address = (self._address + 1) % len(self._mem)
            return
        self._byte = byte
        self._happen(8)
        if self._byte >= 0:
            self._stretch(self._was_read)

    def give(self):
        """A byte for the controller."""
        if self._mem is not None:
            byte = self._mem[self._address]
            self._address = (self._address + 1) % len(self._mem)
            return byte
        if self._put == self._get:
            self._happen(4)
            if self._put == self._get:
                self._stretch(self._has_reply)
        byte = self._fifo[self._get]
        self._get = (self._get + 1) % _FIFO
        return byte

    def end(self):
        """A stop."""
        self._end()

    # ---- Inside

    def _end(self):
        direction, self._direction = self._direction, 0
        self._byte = -1
        self._get = self._put
        if direction:
            self._happen(direction)

    def _happen(self, event):
        event &= self._trigger
        if event:
            self._events |= event
            self.interrupt.fire()

    def _interrupted(self):
        self._flags, self._events = self._events, 0
        self._handler(self)

    def _replied(self):
        return self._put != self._get

    def _consumed(self):
        return self._byte < 0

    def _stretch(self, condition):
        # What the transfer holds back may be what provides the byte.
        clock.release()
        try:
            done = clock.wait(condition, _STRETCH_US)
        finally:
            clock.hold()
        if not done:
            self._end()
            raise OSError(ETIMEDOUT, f"{self} holds SCL")


class _Irq:
    def __init__(self, target):
        self._target = target
        #: For faults.LostInterrupt.
        self.interrupt = target.interrupt

    def flags(self):
        """The events for which the handler was called."""
        return self._target._flags

    def trigger(self, events=None):
        """The events that count; with an argument: set them."""
        before = self._target._trigger
        if events is not None:
            self._target._trigger = events
        return before

    def __call__(self):
        self._target._handler(self._target)


class _Device:
    """What is on the bus, since write() of a target takes a buffer, and of a device a byte."""

    def __init__(self, target, general):
        self._target = target
        self._general = general

    def __repr__(self):
        return repr(self._target)

    def start(self, read):
        if read and self._general:  # nobody answers a general call: UM10204 3.1.13
            return False
        self._target.begin(read, self._general)
        return True

    def write(self, byte):
        self._target.take(byte)
        return True

    def read(self):
        return self._target.give()

    def stop(self):
        self._target.end()


class SpiTarget:
    """An SPI target on a simulated bus, word by word.

    number: the bus. function(byte): called in the interrupt with each byte that has come in, and with
    -1 when the chip select has gone high. reply(byte): what goes out with the next byte.
    """

    def __init__(self, number, function, polarity=0, phase=0, lsb_first=False):
        from . import board

        self.name = f"SPI{number}"
        self.modes = (polarity << 1 | phase,)
        self.lsb_first = lsb_first
        self._function = function
        self._bus = board.spi(number)
        self._reply = 0xFF
        self._word = -1
        self.interrupt = clock.Interrupt(self)
        self.interrupt.set(SpiTarget._interrupted, hard=True)
        self._bus.attach(board.wire(self.name + "_CS"), self)

    def __repr__(self):
        return f"<SpiTarget {self.name}>"

    def reply(self, byte):
        """What goes out with the next byte."""
        self._reply = byte

    def deinit(self):
        """Leave the bus."""
        self.interrupt.set(None)
        self._bus.detach(self)

    def select(self):
        pass

    def exchange(self, byte):
        reply = self._reply
        self._word = byte
        self.interrupt.fire()
        return reply

    def deselect(self):
        self._word = -1
        self.interrupt.fire()

    def _interrupted(self):
        self._function(self._word)
