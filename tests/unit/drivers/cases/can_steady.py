"""CAN over a controller that answers itself at once: nothing is allocated, nothing gets lost."""

import drivers.can as module
from drivers import CAN, CANMessage
from support import MICROPYTHON, no_allocation, raises


class Port:
    """What a board's part of CAN offers: frames that are sent come back, with the id plus one."""

    TX_QUEUE_LEN = 2
    FILTERS_MAX = 4

    def __init__(self):
        self.frame = CANMessage()
        self.full = self.has = False
        self.last = -1
        self.calls = []
        self.code = 1

    def start(self, freq, mode, function):
        self.calls.append(("start", freq, mode))
        self.function = function

    def stop(self):
        self.calls.append("stop")

    def filters(self, filters):
        self.calls.append(filters)

    def send(self, message):
        if self.full:
            return -1
        self.frame.copy_from(message)
        self.frame.id += 1
        self.has = True
        self.last = 1 << 1 | 1
        self.function(3)
        return 1

    def recv(self, message):
        if not self.has:
            return False
        self.has = False
        message.copy_from(self.frame)
        return True

    def sent(self):
        last = self.last
        self.last = -1
        return last

    def cancel(self, index):
        return False

    def state(self):
        return self.code

    def counters(self, counters):
        for i in range(8):
            counters[i] = 0


def made(**options):
    port = Port()
    before = module.driverport
    module.driverport = Driverport(port)
    try:
        return port, CAN(**options)
    finally:
        module.driverport = before


class Driverport:
    def __init__(self, port):
        self.Can = lambda number: port

    def find_can(self, bus):
        return 9, []


def test_steady_state_allocates_nothing():
    _, can = made()
    message = CANMessage(0x100, b"12345678")
    place = CANMessage()
    counters = [0] * 8

    def rounds():
        for _ in range(1000):
            can.write(message)
            can.read(place)
            can.any()
            can.state()
            can.counters(counters)

    no_allocation(rounds)
    assert place.id == 0x101 and place.data == b"12345678" and can.any() == 0
    hits = [0]

    def hard(can):
        hits[0] += can.events() & 1

    can.irq(hard, CAN.RX, hard=True)
    no_allocation(rounds)
    assert hits[0] == (2000 if MICROPYTHON else 1000)
    can.deinit()


def test_what_the_port_is_told():
    port, can = made(freq=125_000, mode=CAN.LOOPBACK)
    can.filters((0x12, 0x7FF, CAN.STANDARD), (0x13, 0x1FFFFFFF, CAN.EXTENDED))
    can.freq(250_000)
    assert port.calls == [
        ("start", 125_000, CAN.LOOPBACK),
        ((0x12, 0x7FF, 0), (0x13, 0x1FFFFFFF, 1)),
        "stop",
        ("start", 250_000, CAN.LOOPBACK),
        ((0x12, 0x7FF, 0), (0x13, 0x1FFFFFFF, 1)),
    ], port.calls
    raises(ValueError, can.filters, (1, 1, CAN.ANY), (2, 1, CAN.ANY), (3, 1, CAN.ANY))
    can.deinit()
    assert port.calls[-1] == "stop"


def test_a_full_controller_and_bus_off():
    port, can = made()
    port.full = True
    assert can.write(CANMessage(1)) is False
    port.full = False
    port.code = CAN.BUS_OFF
    raises(OSError, can.write, CANMessage(1))
    can.deinit()
