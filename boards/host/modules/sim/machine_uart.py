"""machine.UART over simulated serial lines, with MicroPython's methods and time-outs."""

import sys

from micropython import const

from . import board, clock

if sys.implementation.name == "micropython":
    from io import IOBase  # what select and asyncio take
else:
    IOBase = object  # CPython's own would flush when it is collected

_BAUDRATE = const(115_200)
_RXBUF = const(256)
_TXBUF = const(256)
_RXBUF_MAX = const(0xFFFE)
_KEEP = const(-1)  # an argument that was not given
#: A character with all that may surround it, in bits: no time-out between two is shorter.
_CHARACTER_BITS = const(13)

_POLL = const(3)
_CLOSE = const(4)
_READABLE = const(1)
_WRITABLE = const(4)


class UART(IOBase):
    """A serial port of the board.

    id: 1 to 4 (0 is the console on other boards; here it is sys.stdin and sys.stdout).
    baudrate; bits 7 or 8; parity None, 0 (even) or 1 (odd); stop 1 or 2.
    timeout: wait for the first byte, or for room, ms.  timeout_char: wait for the next one, ms.
    rxbuf, txbuf: bytes.  tx, rx: accepted if they are the pins of that port.

    UART(id) alone gives the port as it was last set up. Connect its other end with
    sim.board.uart(id).connect(...) or .loopback().
    """

    IRQ_RX = const(1)
    IRQ_RXIDLE = const(2)
    IRQ_TXIDLE = const(4)

    def __init__(self, id, *arguments, tx=None, rx=None, **settings):
        if id == 0:
            raise ValueError("UART(0) is the console: use sys.stdin, or UART(1) to UART(4)")
        self._id = id
        self._end = end = board.uart(id)
        board.check_pins(f"UART({id})", (("tx", tx, end.tx), ("rx", rx, end.rx)))
        if end.owner is None:
            end.owner = _Settings(self)
        self._own = end.owner
        # Bound once: to make one allocates.
        self._readable_now = self._readable
        self._room_now = self._has_room
        self._sent_now = self._sent
        if arguments or settings or not end.on:
            self.init(*arguments, **settings)

    def __repr__(self):
        end, own = self._end, self._own
        if not end.on:
            return f"UART({self._id}, off)"
        return (
            f"UART({self._id}, baudrate={end.baudrate}, bits={end.bits}, parity={end.parity}, "
            f"stop={end.stop}, timeout={own.timeout_ms}, timeout_char={own.timeout_char_ms}, "
            f"rxbuf={end.rx_ring.size})"
        )

    def init(
        self,
        baudrate=_KEEP,
        bits=8,
        parity=None,
        stop=1,
        *,
        timeout=_KEEP,
        timeout_char=_KEEP,
        rxbuf=_KEEP,
        txbuf=_KEEP,
    ):
        """Set up; what is not given stays as it is, or takes the default."""
        end, own = self._end, self._own
        if baudrate == _KEEP:
            baudrate = own.baudrate
        if baudrate < 1:
            raise ValueError("baudrate must be positive")
        if bits not in (7, 8) or parity not in (None, 0, 1) or stop not in (1, 2):
            raise ValueError("use bits 7 or 8, parity None, 0 or 1, stop 1 or 2")
        if rxbuf == _KEEP:
            rxbuf = own.rxbuf
        if txbuf == _KEEP:
            txbuf = own.txbuf
        if not 1 <= rxbuf <= _RXBUF_MAX or not 1 <= txbuf <= _RXBUF_MAX:
            raise ValueError("rxbuf and txbuf must be 1 to 65534")
        own.baudrate, own.rxbuf, own.txbuf = baudrate, rxbuf, txbuf
        if timeout != _KEEP:
            own.timeout_ms = timeout
        if timeout_char != _KEEP:
            own.timeout_char_ms = timeout_char
        end.set_up(baudrate, bits, parity, stop, rxbuf, txbuf)

    def deinit(self):
        """Switch off."""
        self._own.irq.set(None, 0, False)
        self._end.switch_off()

    def _check(self):
        if not self._end.on:
            raise ValueError("UART is off, call init() first")
        clock.poll()

    # -- Reading

    def any(self):
        """Bytes that can be read without waiting."""
        self._check()
        return self._end.rx_ring.count

    def _readable(self):
        return self._end.rx_ring.count > 0 or not self._end.on

    def _wait_readable(self, first):
        end, own = self._end, self._own
        if end.rx_ring.count:
            return True
        if first:
            us = own.timeout_ms * 1000
        else:
            us = max(own.timeout_char_ms * 1000, end.frame_us(_CHARACTER_BITS))
        return us > 0 and clock.wait(self._readable_now, us) and end.on

    def _take(self, buf, n):
        """Fill the first n bytes of buf; returns how many came in time."""
        self._check()
        ring = self._end.rx_ring
        done = 0
        while done < n and (self._wait_readable(done == 0) or done and self._wait_readable(True)):
            byte = ring.get()
            if byte < 0:
                break
            buf[done] = byte
            done += 1
        return done

    def read(self, nbytes=-1):
        """At most so many bytes, -1: all until the line is silent; None when there is nothing."""
        if nbytes is None or nbytes < 0:
            data = bytearray()
            one = bytearray(1)
            while self._take(one, 1):
                data += one
                if not self._wait_readable(False):
                    break
            return bytes(data) if data else None
        data = bytearray(nbytes)
        n = self._take(data, nbytes)
        return bytes(data[:n]) if n or not nbytes else None

    def readinto(self, buf, nbytes=-1):
        """Fill the buffer, or its first nbytes; returns the number of bytes, or None."""
        n = len(buf)
        if 0 <= nbytes < n:
            n = nbytes
        return self._take(buf, n) or (None if n else 0)

    def readline(self):
        """Bytes up to and with a newline, fewer if the time is over; None when there is nothing."""
        data = bytearray()
        one = bytearray(1)
        while self._take(one, 1):
            data += one
            if one == b"\n":
                break
        return bytes(data) if data else None

    # -- Writing

    def _has_room(self):
        ring = self._end.tx_ring
        return ring.count < ring.size or not self._end.on

    def write(self, buf):
        """Returns the number of bytes that were taken in time, or None."""
        self._check()
        if isinstance(buf, str):
            buf = buf.encode()
        end = self._end
        # A driver's timeout is for a line that does not move; this one always does.
        wait_us = self._own.timeout_ms * 1000 + 2 * end.frame_us()
        done = 0
        clock.hold()
        try:
            for byte in buf:
                if not end.send(byte):
                    if not clock.wait(self._room_now, wait_us) or not end.on:
                        break
                    end.send(byte)
                done += 1
        finally:
            clock.release()
        return done or (None if len(buf) else 0)

    def _sent(self):
        return not self._end.busy

    def flush(self):
        """Wait until all has been sent."""
        self._check()
        end = self._end
        if not clock.wait(self._sent_now, (end.tx_ring.count + 2) * end.frame_us()):
            raise OSError(110, "the UART does not get rid of its bytes")

    def txdone(self):
        """Whether all has been sent."""
        self._check()
        return not self._end.busy

    # -- Events

    def irq(self, handler=None, trigger=0, hard=False):
        """Call handler(uart) at the events of trigger; without arguments: the irq object."""
        irq = self._own.irq
        if handler is not None or trigger:
            if trigger & ~7:
                raise ValueError("trigger: use UART.IRQ_RX, IRQ_RXIDLE, IRQ_TXIDLE or a sum")
            irq.set(handler, trigger, hard)
        return irq

    def ioctl(self, request, argument):
        """For select, asyncio and os.dupterm."""
        if request == _POLL:
            self._check()
            found = _READABLE if argument & _READABLE and self._end.rx_ring.count else 0
            if argument & _WRITABLE and self._has_room():
                found |= _WRITABLE
            return found
        if request == _CLOSE:
            self.deinit()
            return 0
        return -1


class _Settings:
    """What a port keeps over several UART objects of the same number."""

    def __init__(self, uart):
        self.baudrate = _BAUDRATE
        self.rxbuf = _RXBUF
        self.txbuf = _TXBUF
        self.timeout_ms = 0
        self.timeout_char_ms = 0
        self.irq = _UartIrq(uart, uart._end)


class _UartIrq:
    """What irq() returns: flags(), trigger(), and a call that runs the handler now."""

    def __init__(self, uart, end):
        self._end = end
        self._trigger = 0
        self._flags = 0
        self.interrupt = clock.Interrupt(uart)
        end.received = self._received
        end.sent = self._sent

    def set(self, handler, trigger, hard):
        self._trigger = 0
        self.interrupt.set(handler, hard)
        # Without the look whether all has been sent: as other ports, only a write leads to that event.
        self._set(trigger if handler is not None else 0)

    def _set(self, trigger):
        end = self._end
        self._trigger = trigger
        end.idle = self._idle if trigger & UART.IRQ_RXIDLE else None
        if end.rx_ring.count:
            self._fire(UART.IRQ_RX)

    def _fire(self, event):
        if self._trigger & event:
            self._flags = event
            self.interrupt.fire()

    def _received(self, _):
        self._fire(UART.IRQ_RX)

    def _sent(self, _):
        self._fire(UART.IRQ_TXIDLE)

    def _idle(self, _):
        self._fire(UART.IRQ_RXIDLE)

    def flags(self):
        """The events of the last call."""
        return self._flags

    def trigger(self, trigger=None):
        """The events that fire; with an argument: set them. What is there already fires at once."""
        before = self._trigger
        if trigger is not None:
            end = self._end
            self._set(trigger)
            if end.on and not end.busy:
                self._fire(UART.IRQ_TXIDLE)
        return before

    def __call__(self):
        if self.interrupt.handler is not None:
            self.interrupt.handler(self.interrupt.argument)
