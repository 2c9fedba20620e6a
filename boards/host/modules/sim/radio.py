"""A simulated radio medium and the radios on it, which keep the contract of docs/contracts.md.

Packets last as long as their bytes on the air. A receiver hears the strongest of those that overlap if it is
`capture_db` above all others together in turn, else none. Losses are random, by the medium's seed.
The figures are those of IEEE 802.15.4-2020 at 2.4 GHz: 250 kbit/s and 6 bytes in front (12.1, 12.3),
clear channel below -75 dBm for 8 symbols, 128 us (10.2.8).
"""

from errno import EINVAL, ENODEV

from . import clock
from .dice import Dice

_OVERHEAD_BYTES = 6
_CCA_US = 128
_WAITING = 4
_MAX_PACKET = 127
_CHANNELS = range(11, 27)
_TX_POWER_DBM = range(-40, 21)
_COUNT_MASK = 0x3FFFFFFF


class Medium:
    """The space between radios.

    seed: of the losses. loss: probability that a receiver does not get a packet. bit_rate: bits a
    second. path_loss_db: between two radios, unless link() says otherwise.
    """

    def __init__(self, seed=1, loss=0.0, bit_rate=250_000, path_loss_db=60):
        self.loss = loss
        self.bit_rate = bit_rate
        self.path_loss_db = path_loss_db
        self.sensitivity_dbm = -100
        self.cca_dbm = -75
        self.capture_db = 10
        #: Packets sent, receptions that were lost at random, and by overlap.
        self.sent = self.lost = self.collided = 0
        self._dice = Dice(seed)
        self._radios = []
        self._links = {}
        self._air = []

    def __repr__(self):
        return f"<Medium {len(self._radios)} radios, {self.sent} packets>"

    def link(self, a, b, path_loss_db, loss=None):
        """The path between two radios, both ways; path_loss_db None: none at all."""
        for pair in ((a, b), (b, a)):
            self._links[pair] = (path_loss_db, loss)

    def airtime_us(self, n):
        """How long a packet of n bytes lasts."""
        return (n + _OVERHEAD_BYTES) * 8 * 1_000_000 // self.bit_rate

    # ---- For radios

    def attach(self, radio):
        self._radios.append(radio)

    def detach(self, radio):
        if radio in self._radios:
            self._radios.remove(radio)

    def rssi_dbm(self, sender, receiver):
        """What arrives of a sender's power; None: nothing."""
        path_loss_db, _ = self._links.get((sender, receiver), (self.path_loss_db, None))
        return None if path_loss_db is None else sender.power_dbm - path_loss_db

    def energy_dbm(self, radio):
        """The strongest signal on the radio's channel now, -127 if there is none."""
        strongest = -127
        for packet in self._air:
            if packet.channel == radio.number and packet.sender is not radio:
                rssi = self.rssi_dbm(packet.sender, radio)
                if rssi is not None:
                    strongest = max(strongest, rssi)
        return strongest

    def transmit(self, sender, data):
        """Put a packet on the air; its end comes by itself."""
        packet = _Packet(sender, data)
        for receiver in self._radios:
            if receiver is not sender and receiver.hears(packet.channel):
                rssi = self.rssi_dbm(sender, receiver)
                if rssi is not None and rssi >= self.sensitivity_dbm:
                    packet.receptions[receiver] = rssi
        # Where two overlap, the stronger one survives if it is strong enough.
        for other in self._air:
            if other.channel == packet.channel:
                self._overlap(packet, other)
        self._air.append(packet)
        self.sent += 1
        clock.after(self.airtime_us(len(data)), self._end, packet)

    def _overlap(self, packet, other):
        for first, second in ((packet, other), (other, packet)):
            for receiver in first.receptions:
                rssi = self.rssi_dbm(second.sender, receiver)
                if receiver is second.sender or (
                    rssi is not None and first.receptions[receiver] < rssi + self.capture_db
                ):
                    first.spoiled.add(receiver)

    def _end(self, packet):
        self._air.remove(packet)
        for receiver in self._radios:
            rssi = packet.receptions.get(receiver)
            if rssi is None or not receiver.hears(packet.channel):
                continue  # also one that has changed its mind meanwhile
            _, loss = self._links.get((packet.sender, receiver), (None, None))
            if receiver in packet.spoiled:
                self.collided += 1
                receiver.garbled()
            elif self._dice.chance(self.loss if loss is None else loss):
                self.lost += 1
            else:
                receiver.received(packet.data, rssi, packet.start_us)
        packet.sender.finished(True)


class _Packet:
    def __init__(self, sender, data):
        self.sender = sender
        self.channel = sender.number
        self.data = data
        self.start_us = clock.now()
        self.receptions = {}
        self.spoiled = set()


class Radio:
    """A transceiver on a Medium.

    name: for people. Channels are 11 to 26, power is -40 to 20 dBm, packets have up to 127 bytes.
    """

    max_packet = _MAX_PACKET

    def __init__(self, medium, name="radio"):
        self.name = name
        #: Of the packet that recv_into() took last: signal strength, link quality 0 to 255, and
        #: when it began, microseconds.
        self.rssi_dbm = self.lqi_or_snr = self.time_us = 0
        self.power_dbm = 0
        self.number = _CHANNELS[0]
        self._medium = medium
        self._notify = None
        self._on = False
        self._listens = False
        self._sends = False
        self._sent = True
        self._waiting = []
        self._counts = [0] * 5
        self._gone = False
        #: faults.LostInterrupt may make it lose some.
        self.interrupt = clock.Interrupt(self)

    def __repr__(self):
        state = "gone" if self._gone else "on" if self._on else "off"
        return f"<Radio {self.name} {state}, channel {self.number}>"

    def start(self, notify):
        """Switch on, asleep. notify: called with the radio in the interrupt: look again."""
        self._check()
        self.stop()
        self._notify = notify
        self.interrupt.set(notify, hard=True)
        self._on = True
        self._medium.attach(self)

    def stop(self):
        """Off; what waits is dropped."""
        self._check()
        if self._on:
            self._medium.detach(self)
        self._on = self._listens = self._sends = False
        self._sent = False
        self._waiting = []
        self.interrupt.set(None)

    def deinit(self):
        """For ever off."""
        if not self._gone:
            self.stop()
            self._gone = True

    def channel(self, n=None):
        """The channel, 11 to 26, or set it."""
        self._check()
        if n is not None:
            if n not in _CHANNELS:
                raise ValueError(f"channel: {_CHANNELS[0]} to {_CHANNELS[-1]}")
            self.number = n
        return self.number

    def tx_power_dbm(self, p=None):
        """The transmit power, -40 to 20 dBm, or set it."""
        self._check()
        if p is not None:
            if p not in _TX_POWER_DBM:
                raise ValueError(f"power: {_TX_POWER_DBM[0]} to {_TX_POWER_DBM[-1]} dBm")
            self.power_dbm = p
        return self.power_dbm

    def receive(self, on):
        """Listen, or sleep."""
        self._started()
        self._listens = bool(on)

    def recv_into(self, buf):
        """The length of the packet that it took, 0: none. One longer than buf is dropped."""
        self._started()
        while self._waiting:
            data, rssi, start_us = self._waiting.pop(0)
            if len(data) > len(buf):
                self._count(1)
                continue
            for i in range(len(data)):
                buf[i] = data[i]
            self.rssi_dbm = rssi
            self.lqi_or_snr = max(0, min(255, (rssi + 100) * 4))
            self.time_us = start_us
            return len(data)
        return 0

    def send(self, buf, n):
        """Send n bytes of buf when the channel is clear. True: sent() will tell; False: it is busy."""
        self._started()
        if not 0 < n <= min(len(buf), _MAX_PACKET):
            raise ValueError(f"a packet has 1 to {_MAX_PACKET} bytes, and buf as many")
        if self._sends:
            return False
        self._sends = True
        self._sent = None
        clock.after(_CCA_US, self._assessed, bytes(memoryview(buf)[:n]))
        return True

    def sent(self):
        """How the last send() has ended: True; False: channel busy; None: it goes on."""
        self._check()
        return self._sent

    def clear(self):
        """Whether the channel is clear."""
        self._started()
        return self._medium.energy_dbm(self) < self._medium.cca_dbm

    def stats(self):
        """(rx packets, rx dropped, rx errors, tx packets, tx errors), wrapping at 2^30."""
        return tuple(self._counts)

    # ---- For the medium

    def hears(self, channel):
        return self._on and self._listens and not self._sends and channel == self.number

    def received(self, data, rssi_dbm, start_us):
        if len(self._waiting) == _WAITING:
            self._count(1)
        else:
            self._count(0)
            self._waiting.append((data, rssi_dbm, start_us))
        self.interrupt.fire()

    def garbled(self):
        self._count(2)

    def finished(self, sent):
        if self._sends:
            self._sends = False
            self._sent = sent
            self._count(3 if sent else 4)
            self.interrupt.fire()

    # ---- Inside

    def _assessed(self, data):
        if not self._on or not self._sends:
            return
        if self._medium.energy_dbm(self) >= self._medium.cca_dbm:
            self.finished(False)
        else:
            self._medium.transmit(self, data)

    def _count(self, which):
        self._counts[which] = self._counts[which] + 1 & _COUNT_MASK

    def _check(self):
        if self._gone:
            raise OSError(ENODEV, f"radio {self.name} has been deinitialised: make a new one")

    def _started(self):
        self._check()
        if not self._on:
            raise OSError(EINVAL, f"radio {self.name} is off: start() it")
