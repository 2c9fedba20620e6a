# platforms: host-stock host-native
# uses: conformance/stream.py
# BufferedSerial on a simulated line, in the computer's time and with its interrupts.
import rtos
from drivers import BufferedSerial
from machine import UART  # noqa: F401 - installs the computer's clock
from sim import board
from support import check_deinit, check_stream


def test_the_contract():
    board.uart(1).loopback()
    # Nothing holds the sender up, however late this program is.
    stream = BufferedSerial(1, baudrate=921_600, rxbuf=8192)
    rtos.run(check_stream, stream)
    rtos.run(check_deinit(stream))
