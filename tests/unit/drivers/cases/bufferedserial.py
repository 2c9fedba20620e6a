# uses: conformance/stream.py
# BufferedSerial and UnbufferedSerial on the simulated lines of board host.
from errno import ENODEV, EOPNOTSUPP

import rtos
from drivers import BufferedSerial, DigitalOut, UnbufferedSerial
from support import SimulatedPort, check_deinit, check_stream, fresh, raises, settle

fresh()
from sim import board, clock  # noqa: E402
from sim.uart import UartEnd  # noqa: E402


def run(main, *args):
    return rtos.run(main, *args, port=SimulatedPort())


def pass_time(ms):
    clock.advance(ms * 1000)
    settle()


def test_the_contract():
    board.uart(1).loopback()
    stream = BufferedSerial(1, baudrate=921_600)
    run(lambda: check_stream(stream, polled=False))  # in simulated time
    run(check_deinit(stream))


def test_the_contract_with_small_rings():
    board.uart(2).loopback()
    stream = BufferedSerial(2, baudrate=1_000_000, rxbuf=128, txbuf=5)

    async def slow():  # the receiver of the simulation has no flow control
        buf = bytearray(100)
        await stream.sendall(bytes(range(100)))
        got = b""
        while len(got) < 100:
            got += buf[: await stream.recv_into(buf, 100)]
        assert got == bytes(range(100))

    for _ in range(5):
        run(slow)
    stream.deinit()


def test_overruns_and_bad_bytes_are_counted():
    peer = UartEnd("peer")
    board.uart(3).connect(peer)
    stream = BufferedSerial(3, baudrate=115_200, rxbuf=8)
    before = stream.errors()
    peer.set_up(115_200)
    for byte in range(20):
        peer.send(byte)
    pass_time(10)
    assert stream.any() == 8 and stream.read() == bytes(range(8))
    peer.set_up(9600)
    peer.send(1)
    pass_time(10)
    peer.set_up(115_200, 8, 0, 1)
    stream.format(8, 1, 1)
    peer.send(1)
    pass_time(10)
    now = stream.errors()
    assert [now[i] - before[i] for i in range(3)] == [12, 1, 1], now
    assert stream.read() is None
    stream.deinit()


def test_formats_and_rates():
    stream = BufferedSerial(1, bits=7, parity=0, stop=2)
    assert repr(stream) == "<BufferedSerial UART1 115200 Bd 7E2>"
    stream.format()
    assert stream.baud() == 115_200 and stream.baud(9600) == 9600
    assert repr(stream) == "<BufferedSerial UART1 9600 Bd 8N1>"
    error = raises(OSError, stream.format, 9)
    assert error.args[0] == EOPNOTSUPP and "host" in error.args[1], error
    assert repr(stream) == "<BufferedSerial UART1 9600 Bd 8N1>"
    for wrong in ((4,), (8, 2), (8, None, 3)):
        raises(ValueError, stream.format, *wrong)
    raises(ValueError, stream.baud, 0)
    assert raises(OSError, stream.send_break).args[0] == EOPNOTSUPP
    assert raises(OSError, lambda: BufferedSerial(2, flow=True)).args[0] == EOPNOTSUPP
    raises(ValueError, BufferedSerial, 0)
    raises(ValueError, lambda: BufferedSerial(rxbuf=0))
    assert raises(OSError, DigitalOut, "UART1_TX").args[0] == 16
    raises(TypeError, stream.notify, 5)
    again = BufferedSerial(1)
    assert raises(OSError, stream.any).args[0] == ENODEV
    assert BufferedSerial.default() is BufferedSerial.default()
    assert raises(OSError, again.any).args[0] == ENODEV
    BufferedSerial.default().deinit()
    assert BufferedSerial.default().any() == 0
    BufferedSerial.default().deinit()
    DigitalOut("UART1_TX").deinit()


def test_unbuffered():
    peer = UartEnd("peer")
    board.uart(4).connect(peer)
    peer.set_up(115_200)
    port = UnbufferedSerial(4)
    got = []
    sent = []
    assert port.read() is None and not port.readable() and port.writable()
    assert port.readinto(bytearray(1)) is None
    port.attach(lambda port: got.append(port.read(16)))
    peer.send(65)
    peer.send(66)
    pass_time(5)
    assert b"".join(got) == b"AB", got
    port.attach(None)
    peer.send(67)
    pass_time(5)
    assert len(b"".join(got)) == 2 and port.readable()
    buf = bytearray(4)
    assert port.readinto(buf) == 1 and buf[0] == 67
    port.attach(lambda port: sent.append(1), UnbufferedSerial.TX)
    settle()
    assert sent  # it is idle
    del sent[:]
    assert port.write(b"xyz") == 3
    pass_time(5)
    assert sent and [peer.rx_ring.get() for _ in range(3)] == [120, 121, 122]
    raises(ValueError, port.attach, print, 8)
    raises(TypeError, port.attach, 5)
    port.deinit()
    assert raises(OSError, port.read).args[0] == ENODEV
    assert repr(port) == "<UnbufferedSerial UART4 deinitialised>"
