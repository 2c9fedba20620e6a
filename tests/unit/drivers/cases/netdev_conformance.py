# uses: conformance/netdev.py models/lan9118.py ../boards/host/modules/sim/ethernet.py
"""The contract "netdev" on devices that are no hardware: a pipe, a LAN9118 made of its datasheet."""

from drivers.chips._lan9118plain import Bus
from drivers.chips.lan9118 import LAN9118
from support import Chip, Peer, check_deinit, check_netdev, pipe


def test_pipe():
    ours, theirs = pipe()
    theirs.start(lambda device: None)
    theirs.promiscuous(True)
    peer = Peer()
    buf = bytearray(1514)

    def settle():
        while n := theirs.recv_into(buf):
            for frame in peer.answer(buf[:n]):
                assert theirs.send(frame, len(frame))

    check_netdev(ours, settle, patience=10, alone=False)
    check_deinit(ours)


def test_lan9118():
    for fast_forward in (True, False):
        chip = Chip()
        peer = Peer()

        def wire(frame, chip=chip, peer=peer):
            for answer in peer.answer(frame):
                chip.arrive(answer)

        chip.wire = wire
        device = LAN9118(Bus(chip.base, chip), chip.connect, fast_forward=fast_forward)
        check_netdev(device, lambda: None, patience=3, alone=False)
        check_deinit(device)
