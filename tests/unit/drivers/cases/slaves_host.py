# platforms: host-stock host-native
"""CAN and slaves on board host with the computer's clock, real interrupts and real preemption."""

import rtos
from drivers import CAN, CANMessage, I2CSlave
from machine import I2C
from sim import parts
from sim.canframe import Frame
from sim.cannode import Controller


def test_frames_go_round():
    peer = Controller(parts.can(0), "peer")
    peer.start(500_000)
    reply = Frame()

    def answer(controller, got):
        reply.copy_from(got)
        reply.id += 1
        controller.send(reply)

    peer.on_frame = answer
    got = []

    async def listens(can):
        message = CANMessage()
        while len(got) < 50:
            await can.recv(message, timeout_ms=2000)
            got.append((message.id, message.data))

    async def main():
        with CAN() as can:
            thread = rtos.Thread(listens, can, priority=rtos.HIGH).start()
            message = CANMessage()
            for n in range(50):
                await can.send(message.set(0x100, bytes([n])), timeout_ms=2000)
            await thread.join()
            assert can.counters()[7] == 0 and can.tx_errors() == 0

    rtos.run(main)
    peer.stop()
    assert got == [(0x101, bytes([n])) for n in range(50)], got


def test_a_thread_answers_while_the_controller_is_held_up():
    """The slave's thread runs on top of the one in whose transfer the clock is held."""
    i2c = I2C(3)
    asked = []

    async def serves(slave):
        while len(asked) < 20:
            await slave.addressed()
            if slave.receive() == I2CSlave.READ_ADDRESSED:
                asked.append(len(asked))
                slave.write(bytes([len(asked), 0x5A]))

    async def main():
        with I2CSlave(0x42) as slave:
            thread = rtos.Thread(serves, slave, priority=rtos.HIGH).start()
            await rtos.sleep_ms(1)
            for n in range(20):
                assert i2c.readfrom(0x42, 2) == bytes([n + 1, 0x5A])
            await thread.join()

    rtos.run(main)
    assert len(asked) == 20
