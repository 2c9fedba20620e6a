# uses: conformance/netdev.py models/lan9118.py ../boards/host/modules/sim/ethernet.py
"""The contract "netdev" on devices that are no hardware: a pipe, a LAN9118 made of its datasheet."""

from drivers.chips._lan9118plain import Bus
from drivers.chips.lan9118 import LAN9118
from support import Chip, Peer, check_deinit, check_netdev, pipe, raises


def piped():
    """One end of a pipe, and the settle() that has a Peer answer at the other end."""
    ours, theirs = pipe()
    theirs.start(lambda device: None)
    theirs.promiscuous(True)
    peer = Peer()
    buf = bytearray(1514)

    def settle():
        while n := theirs.recv_into(buf):
            for frame in peer.answer(buf[:n]):
                assert theirs.send(frame, len(frame))

    return ours, settle


def test_pipe():
    ours, settle = piped()
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


def test_a_device_that_keeps_frames_over_stop_is_found():
    ours, settle = piped()
    start, stop = ours.start, ours.stop
    kept = 0

    def stop_and_keep():
        nonlocal kept
        kept = kept or ours._waiting
        stop()

    def start_with_them(notify):
        nonlocal kept
        start(notify)
        ours._waiting, kept = kept, 0

    ours.stop, ours.start = stop_and_keep, start_with_them
    error = raises(AssertionError, check_netdev, ours, settle, 10, False)
    assert str(error) == "stop() keeps the frames that wait"
