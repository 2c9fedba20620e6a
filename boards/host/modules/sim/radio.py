"""A simulated radio, which keeps the contract of docs/contracts.md, on a medium.Medium.

Packets last as long as their bytes on the air. The figures are those of IEEE 802.15.4-2020 at 2.4 GHz: 250
kbit/s and 6 bytes in front (12.1, 12.3), clear channel after 8 symbols, 128 us (10.2.8). loraradio.py has
another modem.
"""

from errno import EINVAL, ENODEV, ETIMEDOUT

from . import clock

_OVERHEAD_BYTES = 6
_CCA_US = 128
_WAITING = 4
_MAX_PACKET = 127
_CHANNELS = range(11, 27)
_TX_POWER_DBM = range(-40, 21)
_COUNT_MASK = 0x3FFFFFFF
_EBUSY = 16


class Radio:
    """A transceiver on a Medium.

    name: for people. Channels are 11 to 26, power is -40 to 20 dBm, packets have up to 127 bytes. The
    setting `cca` False sends without a look at the channel.
    """

    max_packet = _MAX_PACKET
    #: How long clear() takes, us; 0: it knows at once.
    assess_us = 0

    def __init__(self, medium, name="radio"):
        self.name = name
        #: Of the packet that recv_into() took last; see the contract.
        self.rssi_dbm = self.time_us = 0
        self.lqi = self.snr_db = None
        #: Of the last transmission: when it ended, and 0 or why not.
        self.sent_us = self.tx_errno = 0
        self.power_dbm = 0
        self._settings = self._defaults()
        self._medium = medium
        self._on = False
        self._listens = self._sends = self._assesses = False
        self._window_us = None  # of a window that is open or will be
        self._opens = self._closes = None
        self._clear = None
        self._sent = True
        self._waiting = []
        self._counts = [0] * 5
        self._gone = False
        #: faults.LostInterrupt may make it lose some.
        self.interrupt = clock.Interrupt(self)

    def __repr__(self):
        state = "gone" if self._gone else "on" if self._on else "off"
        return f"<{type(self).__name__} {self.name} {state}, {self._tuned()}>"

    def start(self, notify):
        """Switch on, asleep. notify: called with the radio in the interrupt: look again."""
        self._check()
        self.stop()
        self.interrupt.set(notify, hard=True)
        self._on = True
        self._medium.attach(self)

    def stop(self):
        """Off; what waits is dropped."""
        self._check()
        if self._on:
            self._medium.detach(self)
        self._end_window()
        self._on = self._listens = self._sends = self._assesses = False
        self._sent = False
        self._clear = None
        self._waiting = []
        self.interrupt.set(None)

    def deinit(self):
        """For ever off."""
        if not self._gone:
            self.stop()
            self._gone = True

    # ---- Settings

    def configure(self, **settings):
        """Change settings, from the next packet on. ValueError: what it is not, and nothing changes."""
        self._check()
        for name in settings:
            if name not in self._settings:
                known = ", ".join(sorted(self._settings))
                raise ValueError(f"no setting {name}: this radio has {known}")
            self._judge(name, settings[name])
        self._medium.miss(self)
        self._settings.update(settings)

    def settings(self):
        """All settings, a new dict."""
        return dict(self._settings)

    def channel(self, n=None):
        """The channel, 11 to 26, or set it."""
        self._check()
        if n is not None:
            if n not in _CHANNELS:
                raise ValueError(f"channel: {_CHANNELS[0]} to {_CHANNELS[-1]}")
            self._medium.miss(self)
            self._channel = n
        return self._channel

    def tx_power_dbm(self, p=None):
        """The transmit power, -40 to 20 dBm, or set it."""
        self._check()
        if p is not None:
            if p not in _TX_POWER_DBM:
                raise ValueError(f"power: {_TX_POWER_DBM[0]} to {_TX_POWER_DBM[-1]} dBm")
            self.power_dbm = p
        return self.power_dbm

    def airtime_us(self, n):
        """How long a packet of n bytes lasts."""
        return (n + _OVERHEAD_BYTES) * 8 * 1_000_000 // self._medium.bit_rate

    def ticks_us(self):
        """The clock of all times here."""
        return clock.now()

    # ---- Receiving

    def receive(self, on, timeout_us=None, at_us=None):
        """Listen, or sleep. timeout_us: one window for one packet, at_us: which opens then."""
        self._started()
        self._end_window()
        later = on and at_us is not None and at_us > clock.now()
        if not on or later:
            self._listens = False
            self._medium.miss(self)
        if on:
            self._window_us = timeout_us
            if later:
                self._opens = clock.at(at_us, self._open)
            else:
                self._open(None)

    def receiving(self):
        """Whether it listens, or a window is still to come."""
        self._check()
        return self._listens or self._opens is not None

    def recv_into(self, buf):
        """The length of the packet that it took, 0: none. One longer than buf is dropped."""
        self._started()
        while self._waiting:
            data, self.rssi_dbm, self.time_us = self._waiting.pop(0)
            if len(data) > len(buf):
                self._count(1)
                continue
            for i in range(len(data)):
                buf[i] = data[i]
            self._rate()
            return len(data)
        return 0

    # ---- Sending

    def send(self, buf, n, at_us=None):
        """Send n bytes of buf, at_us: then. True: sent() will tell; False: it is busy."""
        self._started()
        if not 0 < n <= min(len(buf), self.max_packet):
            raise ValueError(f"a packet has 1 to {self.max_packet} bytes, and buf as many")
        if self._sends:
            return False
        cca_us = _CCA_US if self._settings["cca"] else 0
        start_us = clock.now()
        if at_us is not None:
            start_us = at_us - cca_us
            if start_us < clock.now():
                raise OSError(ETIMEDOUT, f"radio {self.name}: too late to send at that time")
        self._sends = True
        self._sent = None
        clock.at(start_us + cca_us, self._assessed, bytes(memoryview(buf)[:n]))
        return True

    def sent(self):
        """How the last send() has ended: True; False: tx_errno says why; None: it goes on."""
        self._check()
        return self._sent

    def clear(self):
        """Whether the channel is clear; None: it finds out, and notify comes."""
        self._started()
        if not self.assess_us:
            return self._medium.energy_dbm(self) < self._cca_dbm()
        found, self._clear = self._clear, None
        if found is None and not self._assesses:
            self._assesses = True
            self._medium.miss(self)
            clock.after(self.assess_us, self._looked)
        return found

    def energy_dbm(self):
        """The strength of what is on the channel now."""
        self._started()
        return self._medium.energy_dbm(self)

    def stats(self):
        """(rx packets, rx dropped, rx errors, tx packets, tx errors), wrapping at 2^30."""
        return tuple(self._counts)

    # ---- For a subclass with another modem

    _channel = _CHANNELS[0]

    def _defaults(self):
        return {"cca": True}

    def _judge(self, name, value):
        """ValueError unless a setting may have that value."""
        if value not in (True, False):
            raise ValueError(f"{name}: True or False")

    def _tuned(self):
        return f"channel {self._channel}"

    def _rate(self):
        """Find lqi and snr_db of the packet with that rssi_dbm."""
        self.lqi = max(0, min(255, (self.rssi_dbm + 100) * 4))

    def _cca_dbm(self):
        return self._medium.cca_dbm

    def sensitivity_dbm(self):
        return self._medium.sensitivity_dbm

    def band(self):
        """What packets have to share to disturb each other."""
        return self._channel

    def kind(self, sends):
        """What a packet and its receiver have to share besides."""
        return None

    # ---- For the medium

    def hears(self, packet):
        able = self._on and self._listens and not self._sends and not self._assesses
        return able and packet.band == self.band() and packet.kind == self.kind(False)

    def received(self, data, rssi_dbm):
        if len(self._waiting) == _WAITING:
            self._count(1)
        else:
            self._count(0)
            self._waiting.append((data, rssi_dbm, clock.now()))
        if self._window_us is not None:
            self._end_window()
            self._listens = False
        self.interrupt.fire()

    def garbled(self):
        self._count(2)

    def finished(self, errno):
        if self._sends:
            self._sends = False
            self._sent = not errno
            self.tx_errno = errno
            self.sent_us = clock.now()
            self._count(4 if errno else 3)
            self.interrupt.fire()

    # ---- Inside

    def _assessed(self, data):
        if not self._on or not self._sends:
            return
        if self._settings["cca"] and self._medium.energy_dbm(self) >= self._cca_dbm():
            self.finished(_EBUSY)
        else:
            self._medium.miss(self)
            self._medium.transmit(self, data)

    def _looked(self, _):
        if self._assesses:
            self._assesses = False
            self._clear = self._medium.energy_dbm(self) < self._cca_dbm()
            self.interrupt.fire()

    def _open(self, _):
        self._opens = None
        self._listens = True
        if self._window_us is not None:
            self._closes = clock.after(self._window_us, self._close)

    def _close(self, _):
        """The window's time is over; a packet that has begun may end."""
        self._closes = None
        end_us = self._medium.until_us(self)
        if end_us is not None:
            self._closes = clock.at(end_us, self._close)
            return
        self._window_us = None
        self._listens = False
        self.interrupt.fire()

    def _end_window(self):
        for alarm in (self._opens, self._closes):
            if alarm is not None:
                alarm.cancel()
        self._opens = self._closes = self._window_us = None

    def _count(self, which):
        self._counts[which] = self._counts[which] + 1 & _COUNT_MASK

    def _check(self):
        if self._gone:
            raise OSError(ENODEV, f"radio {self.name} has been deinitialised: make a new one")

    def _started(self):
        self._check()
        if not self._on:
            raise OSError(EINVAL, f"radio {self.name} is off: start() it")
