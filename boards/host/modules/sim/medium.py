"""The space between simulated radios: what arrives of a packet, and what disturbs what.

A receiver hears the strongest of those that overlap if it is `capture_db` above all others together in turn,
else none. Losses are random, by the medium's seed. Clear channel of 802.15.4: below -75 dBm (10.2.8).
"""

from . import clock
from .dice import Dice

_NOTHING_DBM = -160


class Medium:
    """The space between radios.

    seed: of the losses. loss: probability that a receiver does not get a packet. bit_rate: bits a
    second, of 802.15.4. path_loss_db: between two radios, unless link() says otherwise.
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

    # ---- For radios

    def attach(self, radio):
        self._radios.append(radio)

    def detach(self, radio):
        if radio in self._radios:
            self._radios.remove(radio)
        self.miss(radio)

    def rssi_dbm(self, sender, receiver):
        """What arrives of a sender's power; None: nothing."""
        path_loss_db, _ = self._links.get((sender, receiver), (self.path_loss_db, None))
        return None if path_loss_db is None else sender.power_dbm - path_loss_db

    def energy_dbm(self, radio):
        """The strongest signal that the radio's setting responds to now, -160 if there is none."""
        strongest = _NOTHING_DBM
        band = radio.band()
        for packet in self._air:
            if packet.band == band and packet.sender is not radio:
                rssi = self.rssi_dbm(packet.sender, radio)
                if rssi is not None:
                    strongest = max(strongest, rssi)
        return strongest

    def transmit(self, sender, data):
        """Put a packet on the air; its end comes by itself."""
        packet = _Packet(sender, data)
        for receiver in self._radios:
            if receiver is not sender and receiver.hears(packet):
                rssi = self.rssi_dbm(sender, receiver)
                if rssi is not None and rssi >= receiver.sensitivity_dbm():
                    packet.receptions[receiver] = rssi
        # Where two overlap, the stronger one survives if it is strong enough.
        for other in self._air:
            if other.band == packet.band:
                self._overlap(packet, other)
        self._air.append(packet)
        self.sent += 1
        clock.at(packet.end_us, self._end, packet)

    def miss(self, radio):
        """The radio looks away: what it was receiving is lost."""
        for packet in self._air:
            packet.receptions.pop(radio, None)

    def until_us(self, radio):
        """When what the radio receives now will end, None: it receives nothing."""
        for packet in self._air:
            if radio in packet.receptions:
                return packet.end_us
        return None

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
        for receiver in list(self._radios):
            rssi = packet.receptions.get(receiver)
            if rssi is None:
                continue
            _, loss = self._links.get((packet.sender, receiver), (None, None))
            if receiver in packet.spoiled:
                self.collided += 1
                receiver.garbled()
            elif self._dice.chance(self.loss if loss is None else loss):
                self.lost += 1
            else:
                receiver.received(packet.data, rssi)
        packet.sender.finished(0)


class _Packet:
    def __init__(self, sender, data):
        self.sender = sender
        self.band = sender.band()
        self.kind = sender.kind(True)
        self.data = data
        self.end_us = clock.now() + sender.airtime_us(len(data))
        self.receptions = {}
        self.spoiled = set()
