"""W5500 Ethernet controller on an SPI bus, with a netdev as its cable; socket 0 in MACRAW mode.

Source: WIZnet W5500 data sheet, version 1.0.9 (SPI frame: 2.2; registers: 3 and 4). Its TCP/IP, the
other sockets' protocols, fixed-length frames and wake on LAN are not there.
"""

from .. import clock

_KB = 1024
_COMMAND_US = 5
_BYTE_US = 0.08  # 100 Mbit/s
_FRAME_MAX = 1514


class W5500:
    """The chip. cable: a netdev, one end of sim.ethernet.pipe(). interrupt: Driver of pin INTn.

    start: what the pointers of socket 0 begin with when it is opened.
    Faults: `lengths`: list of numbers that stand in front of the next frames instead of their
    length, or None; `waiting`: what Sn_RX_RSR reads as, None: the truth; `tx_faults`: so many of
    the next frames end in a time-out; `gone` True; `version`.
    """

    properties = ("gone", "version")

    def __init__(self, cable, interrupt=None, start=0):
        self.cable = cable
        self.interrupt = interrupt
        self.outputs = (interrupt,)
        self.start = start
        self.version = 0x04
        self.gone = False
        self.lengths = []
        self.waiting = None
        self.tx_faults = 0
        self.dropped = 0
        #: What a driver did that the data sheet forbids.
        self.violations = []
        self.power_on()

    def __repr__(self):
        return f"<W5500 {'open' if self._open else 'closed'}>"

    def power_on(self):
        """The state after power-up."""
        self._common = bytearray(0x40)
        self._sockets = [bytearray(0x30) for _ in range(8)]
        for socket in self._sockets:
            socket[0x1E] = socket[0x1F] = 2
            socket[0x2C] = 0xFF  # Sn_IMR
        self._memory = {"tx": bytearray(16 * _KB), "rx": bytearray(16 * _KB)}
        self._open = False
        self._tx_read = self._rx_write = self._rx_read = 0
        self._command_until = 0
        self._sending = None
        self._head = bytearray()
        self._addr = 0
        self.cable.stop()
        self._pin()

    def power_off(self):
        """Without a supply it neither sends nor listens."""
        self.power_on()

    # -- The bus

    def select(self):
        self._head = bytearray()

    def deselect(self):
        self._head = bytearray()

    def exchange(self, byte):
        if self.gone:
            return 0xFF
        if len(self._head) < 3:
            self._head.append(byte)
            self._addr = int.from_bytes(self._head[:2], "big")
            return len(self._head)  # 01, 02, 03, as the chip sends
        control = self._head[2]
        if control & 3:
            self.violations.append("fixed length")
            return 0xFF
        block, write = control >> 3, control & 4
        addr = self._addr
        self._addr = addr + 1 & 0xFFFF
        if write:
            self._write(block, addr, byte)
            return 0xFF
        return self._read(block, addr)

    def _read(self, block, addr):
        if block == 0:
            return self._read_common(addr)
        socket, kind = block >> 2, block & 3
        if kind == 1:
            return self._read_socket(socket, addr)
        if socket or kind == 0:
            return 0
        memory, size = self._buffer("tx" if kind == 2 else "rx")
        return memory[addr % size] if size else 0

    def _write(self, block, addr, byte):
        if block == 0:
            self._write_common(addr, byte)
            return
        socket, kind = block >> 2, block & 3
        if kind == 1:
            self._write_socket(socket, addr, byte)
        elif kind == 2 and socket == 0:
            memory, size = self._buffer("tx")
            if size:
                memory[addr % size] = byte
        else:
            self.violations.append("wrote where nothing is to be written")

    def _buffer(self, kind):
        sizes = [socket[0x1F if kind == "tx" else 0x1E] for socket in self._sockets]
        if sum(sizes) > 16:
            self.violations.append("more than 16 KB")
        return self._memory[kind], sizes[0] * _KB

    # -- Common registers

    def _read_common(self, addr):
        if addr == 0x39:
            return self.version
        if addr == 0x2E:
            return 0xBE | self.cable.link()
        if addr == 0x17:
            socket = self._sockets[0]
            return int(bool(socket[0x02] & socket[0x2C]))
        return self._common[addr] if addr < len(self._common) else 0

    def _write_common(self, addr, byte):
        if addr == 0 and byte & 0x80:
            self.power_on()
        elif addr < len(self._common):
            self._common[addr] = byte
            self._pin()

    def _pin(self):
        if self.interrupt is not None:
            self.interrupt(not (self._read_common(0x17) & self._common[0x18]))

    # -- Socket registers

    def _read_socket(self, number, addr):
        if number == 0:
            pair = {0x20: self._free, 0x22: lambda: self._tx_read, 0x26: self._received}
            for low, value in pair.items():
                if addr == low:
                    return value() >> 8
                if addr == low + 1:
                    return value() & 0xFF
            if addr in (0x2A, 0x2B):
                return self._rx_write >> (0 if addr & 1 else 8) & 0xFF
            if addr == 0x01:
                return self._sockets[0][0x01] if clock.now() < self._command_until else 0
            if addr == 0x03:
                return 0x42 if self._open else 0
        return self._sockets[number][addr] if addr < 0x30 else 0

    def _write_socket(self, number, addr, byte):
        if addr >= 0x30:
            return
        socket = self._sockets[number]
        if addr == 0x02:
            socket[2] &= ~byte & 0xFF
            self._pin()
            return
        socket[addr] = byte
        if addr == 0x2C:
            self._pin()
        if addr == 0x01 and number == 0:
            if clock.now() < self._command_until:
                self.violations.append("a command before the last was taken")
            self._command_until = clock.now() + _COMMAND_US
            self._command(byte)

    def _pair(self, addr):
        return self._sockets[0][addr] << 8 | self._sockets[0][addr + 1]

    def _set_pair(self, addr, value):
        self._sockets[0][addr], self._sockets[0][addr + 1] = value >> 8, value & 0xFF

    def _free(self):
        size = self._sockets[0][0x1F] * _KB
        return size - (self._pair(0x24) - self._tx_read & 0xFFFF) if self._sending else size

    def _received(self):
        if self.waiting is not None:
            return self.waiting
        return self._rx_write - self._rx_read & 0xFFFF

    def _command(self, command):
        if command == 0x01:
            self._open = self._sockets[0][0] & 0x0F == 0x04
            self._tx_read = self._rx_read = self._rx_write = self.start
            self._set_pair(0x24, self.start)
            self._set_pair(0x28, self.start)
            self._sending = None
            self.cable.promiscuous(True)
            self.cable.start(self._look)
        elif command == 0x10:
            self._open = False
            self._sending = None
            self.cable.stop()
        elif command == 0x20 and self._open:
            self._send()
        elif command == 0x40:
            self._rx_read = self._pair(0x28)
            if self._received():
                self._flag(0x04)

    def _flag(self, bit):
        self._sockets[0][2] |= bit
        self._pin()

    # -- Frames

    def _send(self):
        if self._sending is not None:
            self.violations.append("SEND before SEND_OK")
        memory, size = self._buffer("tx")
        end = self._pair(0x24)
        n = end - self._tx_read & 0xFFFF
        if not 14 <= n <= _FRAME_MAX:
            self.violations.append(f"a frame of {n} bytes")
            return
        frame = bytes([memory[(self._tx_read + i) % size] for i in range(n)])
        self._sending = frame
        clock.after(int(n * _BYTE_US) + 1, self._sent, frame)

    def _sent(self, frame):
        if self._sending is not frame:
            return
        if self.tx_faults:
            self.tx_faults -= 1
            flag = 0x08
        elif self.cable.send(frame, len(frame)):
            flag = 0x10
        else:
            clock.after(100, self._sent, frame)  # the other end holds us up
            return
        self._tx_read = self._pair(0x24)
        self._sending = None
        self._flag(flag)

    def _look(self, _):
        """Something has happened on the cable."""
        frame = bytearray(_FRAME_MAX)
        while self._open:
            n = self.cable.recv_into(frame)
            if not n:
                break
            self._arrived(frame, n)

    def _arrived(self, frame, n):
        mode = self._sockets[0][0]
        to = bytes(frame[:6])
        if mode & 0x80:
            # Sn_MR, MFEN: broadcasts and what is for itself, nothing else.
            if to not in (b"\xff" * 6, bytes(self._common[0x09:0x0F])):
                return
        elif mode & 0x20 and to[0] & 1 and to != b"\xff" * 6:
            return
        memory, size = self._buffer("rx")
        if (self._rx_write - self._rx_read & 0xFFFF) + n + 2 > size:
            self.dropped += 1
            return
        length = n + 2
        if self.lengths:
            said = self.lengths.pop(0)
            length = length if said is None else said
        at = self._rx_write
        for byte in (length >> 8, length & 0xFF):
            memory[at % size] = byte
            at += 1
        for i in range(n):
            memory[(at + i) % size] = frame[i]
        self._rx_write = self._rx_write + n + 2 & 0xFFFF
        self._flag(0x04)


DEVICE = W5500
