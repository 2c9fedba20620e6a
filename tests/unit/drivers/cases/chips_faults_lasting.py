"""Chips on I2C when a fault comes at each place of a transfer, stays, and ends.

The caller gets an OSError or, where the bus cannot tell, wrong data; never another exception. Once
the fault is gone the same call works.
"""

from drivers.chips import AT24C, DS1338, MAX7310, PCA9552, TMP105
from sim import board
from sim.devices import at24c, ds1338, max7310, pca9552, tmp105
from sim.faults import BrownOut, Fault, LostInterrupt, Nack, Stuck
from sim.machine_i2c import I2C
from sim.machine_pin import Pin
from support import fresh, raises

CHIPS = (
    ("TMP105", 0x48, tmp105.TMP105, TMP105, lambda chip: (chip.limits(10, 20), chip.raw())),
    (
        "AT24C",
        0x50,
        lambda: at24c.AT24C(8192, 0),
        lambda i2c: AT24C(i2c, size=8192),
        lambda chip: (chip.program(8, b"ab"), chip.read(8, bytearray(3))),
    ),
    ("MAX7310", 0x18, max7310.MAX7310, MAX7310, lambda chip: (chip.write(255, 85), chip.read())),
    ("PCA9552", 0x60, pca9552.PCA9552, PCA9552, lambda chip: (chip.write(255, 85), chip.read())),
    (
        "DS1338",
        0x68,
        ds1338.DS1338,
        DS1338,
        lambda chip: (chip.datetime((2024, 2, 29, 0, 12, 0, 0, 0)), chip.datetime()),
    ),
)


class At(Fault):
    """Calls a function at the n-th address or byte from here on."""

    def __init__(self, n, function):
        self.left = n
        self._function = function

    def _count(self):
        self.left -= 1
        if self.left == -1:
            self._function()

    def on_address(self, address, read, ack):
        self._count()
        return ack

    def on_write(self, address, byte):
        self._count()
        return byte

    on_read = on_write


def everywhere(make):
    """Begin make(bus, device) at each place. The number of calls that failed, for each chip."""
    failed = []
    for name, address, model, driver, act in CHIPS:
        fresh()
        bus = board.i2c(3)
        device = model()
        bus.attach(address, device)
        chip = driver(I2C(3))
        act(chip)
        n = told = 0
        while True:
            fault = make(bus, device)
            at = At(n, fault.on).on(bus)
            try:
                act(chip)
            except OSError as error:
                assert name in str(error), error
                told += 1
            at.off()
            fault.off()
            act(chip)
            if at.left >= 0:
                break
            n += 1
        assert n > 4 and told > 0, (name, n, told)
        failed.append(told)
    return failed


def test_brown_outs():
    everywhere(BrownOut)


def test_stuck_wires():
    for level in 0, 1:
        everywhere(lambda bus, device, level=level: Stuck(bus.sda, level))
        everywhere(lambda bus, device, level=level: Stuck(bus.scl, level))


def test_a_device_that_hangs():
    class Hangs:
        def __init__(self, bus):
            self._bus = bus
            self.on = lambda: self._bus.hang(5)

        def off(self):
            # Who sees a bus that is not free gives it clocks; drivers.I2C does.
            scl = self._bus.scl.driver("recovery", open_drain=True)
            for _ in range(9):
                scl(0)
                scl(1)
            self._bus.scl.remove(scl)

    everywhere(lambda bus, device: Hangs(bus))


def test_several_at_once_and_one_after_the_other():
    fresh()
    bus = board.i2c(3)
    device = bus.attach(0x48, tmp105.TMP105(board.wire("D5").driver("ALERT", open_drain=True)))
    chip = TMP105(I2C(3))
    pin = Pin("A1", Pin.IN)
    device.temperature = 25
    faults = [
        BrownOut(bus, device),
        Stuck(bus.sda),
        Nack(times=3),
        Stuck(bus.sda, 1),
        Stuck(bus.scl),
    ]
    for fault in faults:
        fault.on(bus) if isinstance(fault, Nack) else fault.on()
    lost = LostInterrupt(pin.irq())
    while faults:
        raises(OSError, chip.raw)
        faults.pop(3 % len(faults)).off()
    lost.off()
    assert chip.raw() == 25 * 256
