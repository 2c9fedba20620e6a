# platforms: host-native
"""CAN in a hard interrupt handler. Only firmware with boards/native can tell that it is in one."""

import host
import rtos
from drivers import CAN, CANMessage


def test_a_hard_handler_may_not_send():
    hits = [0]

    async def main():
        with CAN(mode=CAN.SILENT_LOOPBACK) as can:
            message = CANMessage(1)

            def handler(_):
                try:
                    can.write(message)
                except RuntimeError:
                    hits[0] += 1

            host.line(31, handler, None, True)
            host.trigger(31)
            host.line(31)
            assert can.write(message)

    rtos.run(main)
    assert hits == [1]
