"""A full frame to and from the LAN9118, through the netdev; the PHY hands back what it is given.

1442 bytes: 14 of Ethernet, 20 of IP, 8 of UDP, 1400 of data.
"""

import machine
from drivers import Ethernet
from micropython import const

_BYTES = const(1442)
_BATCH = const(7)  # frames of that size that the RX FIFO holds
# MAC_CSR_CMD, MAC_CSR_DATA; MII_DATA, MII_ACC, see the datasheet, 5.4.6.
_COMMAND = const(0x402000A4)
_DATA = const(0x402000A8)


def loop_back():
    """PHY register 0, bit 14 (IEEE 802.3, 22.2.4.1)."""
    for register, value in ((7, 0x4000), (6, 1 << 11 | 3)):
        machine.mem32[_DATA] = value
        machine.mem32[_COMMAND] = 0x80000000 | register


dev = Ethernet()
dev.start(lambda dev: None)
loop_back()
frame = bytearray(_BYTES)
frame[0:12] = dev.hwaddr + dev.hwaddr
buf = bytearray(1514)


def both():
    """Ticks of 1000 sends, and of as many receptions, in batches that the FIFO holds."""
    sent = received = 0
    ticks = time.ticks_cpu
    for _ in range(1000 // _BATCH):
        start = ticks()
        for _ in range(_BATCH):
            dev.send(frame, _BYTES)
        middle = ticks()
        for _ in range(_BATCH):
            if dev.recv_into(buf) != _BYTES:
                raise SystemExit("lost")
        end = ticks()
        sent += time.ticks_diff(middle, start)
        received += time.ticks_diff(end, middle)
    return sent, received


def loops():
    start = time.ticks_cpu()
    for _ in range(_BATCH):
        pass
    return time.ticks_diff(time.ticks_cpu(), start)


gc.collect()
both()
gc.collect()
sent, received = both()
rounds = 1000 // _BATCH * _BATCH
empty = loops() * (1000 // _BATCH)
report("lan9118.tx_frame_1442", instructions=instructions(sent - empty) // rounds, rounds=rounds)
report(
    "lan9118.rx_frame_1442", instructions=instructions(received - empty) // rounds, rounds=rounds
)


def echo(rounds):
    """A frame out, back in, and the look that finds nothing more and enables the interrupt again."""
    for _ in range(rounds):
        dev.send(frame, _BYTES)
        dev.recv_into(buf)
        dev.recv_into(buf)


measure("lan9118.echo_frame_1442", echo, empty_loop)
