# platforms: host-stock host-native mps2-stock mps2-native
"""Every driver in a hard interrupt handler: what works there works, all else says what to do instead.

The heap is locked there, so nothing may be allocated for the message either.
"""

import drivers
from driverport import NAME, in_isr
from drivers import (
    I2C,
    SPI,
    BufferedSerial,
    BusOut,
    DigitalIn,
    DigitalOut,
    FlashIAP,
    InterruptIn,
    PortOut,
    Stopwatch,
    Ticker,
    Timeout,
    UnbufferedSerial,
    sleep,
)
from machine import idle

HOST = NAME == "host"
if HOST:
    from support import fresh

    fresh()

_call = None
_result = [False, None, None]


def _handler(_):
    _result[0] = True
    try:
        _call()
    except BaseException as error:
        _result[1] = type(error)
        _result[2] = error.args[len(error.args) - 1] if len(error.args) else ""


def in_handler(call):
    """(class of the exception, its text) that call() raises in a hard handler; (None, None)."""
    global _call
    _call = call
    _result[0], _result[1], _result[2] = False, None, None
    if HOST:
        import host

        host.line(31, _handler, None, True)
        host.trigger(31)
        host.line(31)
    else:
        timeout = Timeout()
        timeout.attach(_handler, 1, hard=True)
        while not _result[0]:
            idle()
    assert _result[0]
    return _result[1], _result[2]


def refused(*calls):
    """They raise RuntimeError that says what to do."""
    for number, call in enumerate(calls):
        kind, text = in_handler(call)
        assert kind is RuntimeError, (number, kind, text)
        assert "interrupt handler" in text or "hard handler" in text, (number, text)


def fine(*calls):
    for number, call in enumerate(calls):
        result = in_handler(call)
        assert result == (None, None), (number, result)


def gone(name, *calls):
    """They raise OSError(ENODEV) that names the driver."""
    for number, call in enumerate(calls):
        kind, text = in_handler(call)
        assert kind is OSError, (number, kind, text)
        assert name in text and "has been deinitialised" in text, (number, text)


def test_a_handler_is_told_from_the_rest():
    seen = []
    assert in_handler(lambda: seen.append(1))[0] is None  # there is room in a fresh list
    assert not in_isr()
    note = [None]

    def look():
        note[0] = in_isr()

    fine(look)
    assert note[0]


def test_pins():
    out, into = DigitalOut("D2"), DigitalIn("D3")
    fine(out, lambda: out(1), out.toggle, out.on, out.off, into, into.value)
    refused(out.deinit, into.deinit)
    assert out.is_connected() and into() in (0, 1)
    out.deinit()
    into.deinit()
    gone("DigitalOut 'V2'", out, lambda: out(1), out.toggle, out.on)
    gone("DigitalIn 'V3'", into, into.value)
    edge = InterruptIn("D4")
    refused(
        lambda: edge.rise(None),
        lambda: edge.fall(len),
        edge.deinit,
    )
    edge.rise(len, hard=True)
    fine(edge.disable, edge.enable)
    edge.deinit()
    gone("InterruptIn 'V4'", edge)
    for bus, name in ((BusOut("D5", "D6"), "BusOut"), (PortOut("V", mask=0xC00), "PortOut")):
        fine(bus, lambda bus=bus: bus(1), bus.value)
        refused(bus.deinit)
        bus.deinit()
        gone(name, bus, lambda bus=bus: bus(1))


def test_time():
    ticker, watch = Ticker(), Stopwatch()

    def tick(ticker):
        pass

    fine(
        lambda: ticker.attach(tick, 1_000_000, hard=True),
        ticker.remaining_us,
        ticker.detach,
        watch.start,
        watch.elapsed_us,
        watch.reset,
        watch.stop,
    )
    refused(lambda: ticker.attach(tick, 1_000_000))
    ticker.attach(tick, 1_000_000)
    fine(lambda: ticker.attach(tick, 2_000_000))  # the same function as before
    ticker.detach()
    refused(lambda: sleep.sleep(1), lambda: sleep.deep_sleep(1), lambda: sleep.sleep_auto(1))
    assert sleep.can_deep_sleep()


def test_i2c():
    i2c = I2C(2)
    device = i2c.device(0x48, freq=50_000)
    refused(
        lambda: i2c.freq(1000),
        lambda: i2c.init(freq=1000),
        lambda: i2c.device(0x48),
        i2c.deinit,
        lambda: device.freq(1000),
        lambda: i2c.transfer(0x48, b"x"),
        lambda: i2c.acquire(),
    )
    i2c.deinit()
    buf = bytearray(2)
    for view in (i2c, device):
        gone(
            "I2C(2)",
            lambda view=view: view.readfrom_into(0x48, buf),
            lambda view=view: view.writeto(0x48, buf),
            view.recover,
        )


def test_spi():
    spi = SPI(3)
    chip = spi.device("D2")
    buf = bytearray(2)
    for view in (spi, chip):
        fine(
            lambda view=view: view.write(buf),
            lambda view=view: view.readinto(buf),
            lambda view=view: view.write_readinto(buf, buf),
            view.select,
            view.deselect,
            view.abort,
            view.write_value,
        )
        refused(
            lambda view=view: view.read(2),
            lambda view=view: view.transfer(buf, buf),
            view.deinit,
        )
    refused(lambda: spi.init(1000), lambda: spi.device(None))
    chip.select()
    kind, text = in_handler(lambda: spi.write(buf))
    assert (kind, text) == (OSError, "another device is selected")
    chip.deinit()
    gone("SPIDevice of SPI(3)", lambda: chip.write(buf), chip.select)
    chip = spi.device("D2")
    spi.deinit()
    for view in (spi, chip):
        gone(
            "SPI(3)",
            lambda view=view: view.write(buf),
            lambda view=view: view.readinto(buf),
            lambda view=view: view.write_readinto(buf, buf),
            view.select,
        )


def test_serial_ports():
    buf = bytearray(1)
    for kind in (BufferedSerial, UnbufferedSerial):
        port = kind(2)
        fine(port.any, lambda port=port: port.readinto(buf))
        if not HOST:  # the simulation plans the end of the byte, which allocates
            fine(lambda port=port: port.write(b"x"))
        refused(
            port.read,
            lambda port=port: port.baud(9600),
            port.format,
            port.errors,
            port.send_break,
            port.deinit,
        )
        if kind is BufferedSerial:
            refused(
                port.readline,
                lambda port=port: port.recv_into(buf),
                lambda port=port: port.sendall(buf),
                port.drain,
            )
            fine(lambda port=port: port.notify(None), lambda port=port: port.notify(len))
            port.notify(None)
        else:
            refused(lambda port=port: port.attach(len))
            fine(port.readable, port.writable)
        port.deinit()
        calls = [port.any, lambda port=port: port.readinto(buf), lambda port=port: port.write(buf)]
        gone(f"{kind.__name__} UART2", *calls)


def test_media():
    flash = FlashIAP()
    buf = bytearray(4)
    refused(
        lambda: flash.read(flash.start, buf),
        lambda: flash.program(flash.start, buf),
        lambda: flash.erase(flash.start, 4096),
        lambda: flash.sector_size(flash.start),
    )
    device = drivers.FlashIAPBlockDevice(flash.start, 65536)
    refused(
        lambda: device.read(0, buf),
        lambda: device.program(0, buf),
        lambda: device.erase(0, 4096),
        device.sync,
        device.deinit,
    )
    device.read(0, buf)
    device.deinit()
    flash.deinit()


def test_what_only_the_simulated_board_has():
    if not HOST:
        for kind in ("AnalogIn", "AnalogOut", "PwmOut", "CAN", "QSPI", "SPISlave"):
            assert "Error" in str(in_handler(lambda kind=kind: getattr(drivers, kind)("A0"))[0])
        return
    can = drivers.CAN()
    message = drivers.CANMessage(1, b"x")
    refused(
        lambda: can.write(message),
        lambda: can.read(message),
        can.counters,
        can.tx_errors,
        can.restart,
        can.cancel,
        lambda: can.mode(can.SILENT),
        lambda: can.freq(1000),
        lambda: can.irq(None),
        can.readable,
        can.deinit,
    )
    fine(can.any, can.state, can.events)
    can.deinit()
    gone("CAN(0)", can.any, can.state, lambda: can.write(message))
    qspi = drivers.QSPI()
    buf = bytearray(1)
    refused(
        lambda: qspi.read(3, 0, buf),
        lambda: qspi.write(2, 0, buf),
        lambda: qspi.command_transfer(6),
        lambda: qspi.freq(1000),
        qspi.configure_format,
        qspi.deinit,
    )
    qspi.deinit()
    slave = drivers.I2CSlave(0x42)
    refused(slave.read, lambda: slave.irq(None), slave.addressed, slave.deinit)
    fine(slave.receive, lambda: slave.readinto(buf), lambda: slave.write(buf), slave.stop)
    slave.deinit()
    gone("I2CSlave 0x42", slave.receive, lambda: slave.write(buf))
    slave = drivers.SPISlave()
    refused(lambda: slave.irq(None), slave.readable, slave.deinit)
    fine(slave.receive, slave.read, lambda: slave.write(buf), lambda: slave.reply(1))
    slave.deinit()
    gone("SPI(4)", slave.receive, slave.read, lambda: slave.reply(1))
    pwm = drivers.PwmOut("D8")
    fine(lambda: pwm.duty_u16(5), pwm.duty_u16)
    refused(lambda: pwm.freq(60), lambda: pwm.duty_ns(5), lambda: pwm.period_us(500), pwm.deinit)
    fine(pwm.suspend, pwm.resume)
    pwm.deinit()
    gone("PwmOut 'V8'", lambda: pwm.duty_u16(5), pwm.suspend, pwm.resume)
    one, other = drivers.AnalogIn("A0"), drivers.AnalogOut("A4")
    refused(one.deinit, other.deinit, one.read, other.read)
    one.deinit()
    other.deinit()
    gone("AnalogIn", one.read_u16, one.read_uv)
    gone("AnalogOut", other.read_u16, lambda: other.write_u16(1))
