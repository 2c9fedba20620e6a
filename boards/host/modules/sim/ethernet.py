"""Two Ethernet devices and the cable between them: netdevs of docs/contracts.md, in plain Python.

They run on MicroPython and on CPython, for tests of what lies above a netdev. The cable can lose,
duplicate and reorder frames; the same seed does the same again.
"""

from errno import ENODEV, ENOTCONN

_FRAME_MIN = 14
_PADDED = 60
_FRAME_MAX = 1514
_BROADCAST = b"\xff\xff\xff\xff\xff\xff"
_WRAP = 0x3FFFFFFF
# Random numbers: Numerical Recipes, 7.1.4, the quick generator, of which the upper bits are used.
_FACTOR = 1664525
_TERM = 1013904223


def pipe(loss=0, duplicate=0, reorder=0, seed=1, room=16, hold_up=True):
    """Two devices that hear each other. They are switched off; the cable is plugged in.

    loss, duplicate, reorder: how many frames of 1000 get lost, come twice, overtake the one before
    them if that still waits. seed: of these. room: frames that wait at a receiver. hold_up: a full
    receiver holds the sender up; False: it drops what comes, as a switch does that knows no pauses.
    """
    for rate in (loss, duplicate, reorder):
        if not 0 <= rate <= 1000:
            raise ValueError("pipe(): loss, duplicate and reorder are 0 to 1000 of 1000 frames")
    if room < 2:
        raise ValueError("pipe(): room for two frames at least")
    cable = Cable(loss, duplicate, reorder, seed, hold_up)
    return Ethernet(cable, 0, room), Ethernet(cable, 1, room)


class Cable:
    """What joins two devices. `ends` are they, `faults` = [lost, duplicated, reordered] frames."""

    def __init__(self, loss, duplicate, reorder, seed, hold_up):
        self.plugged = True
        self.hold_up = hold_up
        self.ends = []
        self.rates = [loss, duplicate, reorder]
        self.faults = [0, 0, 0]
        self._seed = seed

    def __repr__(self):
        return "<Cable %s>" % ("plugged in" if self.plugged else "pulled out")

    def plug(self, on):
        """Plug the cable in, or pull it out. Both ends are told."""
        self.plugged = bool(on)
        for end in self.ends:
            end.look()

    def happens(self, fault):
        """Whether this frame meets with loss (0), duplication (1), reordering (2)."""
        if not self.rates[fault]:
            return False
        self._seed = (self._seed * _FACTOR + _TERM) & 0xFFFFFFFF
        hit = (self._seed >> 16) % 1000 < self.rates[fault]
        self.faults[fault] += hit
        return hit


class Ethernet:
    """One end of a cable: a netdev. Made by pipe()."""

    mtu = 1500
    header_size = 14

    def __init__(self, cable, number, room):
        self._cable = cable
        cable.ends.append(self)
        self._number = number
        self._hwaddr = bytes((2, 0, 0, 0, 0, number + 1))  # locally administered
        self._frames = [bytearray(_FRAME_MAX) for _ in range(room)]
        self._sizes = [0] * room
        self._first = 0  # in the ring
        self._waiting = 0
        self._notify = None
        self._running = self._closed = self._stuck = False
        self._promiscuous = False
        self._groups = []
        self._counts = [0] * 5  # as stats() gives them

    def __repr__(self):
        state = "closed" if self._closed else "running" if self._running else "stopped"
        return "<Ethernet end %d of a pipe, %s, %d waiting>" % (
            self._number,
            state,
            self._waiting,
        )

    @property
    def cable(self):
        return self._cable

    def _check_open(self):
        if self._closed:
            raise OSError(ENODEV, "the device was deinitialised")

    @property
    def hwaddr(self):
        return self._hwaddr

    @hwaddr.setter
    def hwaddr(self, value):
        self._check_open()
        if self._running:
            raise ValueError("stop() before you change hwaddr")
        if len(value) != 6 or value[0] & 1:
            raise ValueError("hwaddr: six bytes, the first one even")
        self._hwaddr = bytes(value)

    def start(self, notify):
        """Switch on. notify(self): look again; called within what the other end does."""
        self._check_open()
        self.stop()
        self._notify = notify
        self._running = True

    def stop(self):
        self._check_open()
        self._running = False
        self._notify = None
        self._waiting = 0

    def deinit(self):
        if not self._closed:
            self.stop()
            self._closed = True

    def look(self):
        """Call notify."""
        if self._notify is not None:
            self._notify(self)

    def _count(self, which):
        self._counts[which] = self._counts[which] + 1 & _WRAP

    def recv_into(self, buf):
        """The length of the frame that it took, 0 when there is none."""
        self._check_open()
        if type(buf) is bytes:
            raise TypeError("recv_into(buf): buf is to be a bytearray or memoryview")
        room = len(buf)
        while self._waiting:
            frame = self._frames[self._first]
            size = self._sizes[self._first]
            fits = size <= room
            if fits:
                for i in range(size):  # a slice would allocate
                    buf[i] = frame[i]
            self._first = (self._first + 1) % len(self._frames)
            self._waiting -= 1
            other = self._cable.ends[1 - self._number]
            if other._stuck:
                other._stuck = False
                other.look()
            self._count(0 if fits else 1)
            if fits:
                return size
        return 0

    def send(self, buf, n):
        """Hand over a frame: False when the other end has no room, notify comes."""
        self._check_open()
        if not self._running:
            raise OSError(ENOTCONN, "start() first")
        if not _FRAME_MIN <= n <= _FRAME_MAX or n > len(buf):
            raise ValueError("send(buf, n): a frame has 14 to 1514 bytes, all of them in buf")
        cable = self._cable
        other = cable.ends[1 - self._number]
        # Twice the room, as the frame may be duplicated.
        if cable.hold_up and other._running and other._waiting + 2 > len(other._frames):
            self._stuck = True
            return False
        if not cable.plugged:
            self._count(4)
            return True
        self._count(3)
        if not other._running or not other._wants(buf) or cable.happens(0):
            return True
        if cable.happens(1):
            other._arrive(buf, n)
        other._arrive(buf, n)
        if other._waiting > 1 and cable.happens(2):
            other._swap_last()
        other.look()
        return True

    def _wants(self, frame):
        if self._promiscuous or _is(frame, _BROADCAST) or _is(frame, self._hwaddr):
            return True
        if frame[0] & 1:
            for group in self._groups:
                if _is(frame, group):
                    return True
        return False

    def _arrive(self, frame, size):
        if self._waiting == len(self._frames):
            self._count(1)
            return
        at = (self._first + self._waiting) % len(self._frames)
        target = self._frames[at]
        for i in range(size):
            target[i] = frame[i]
        for i in range(size, _PADDED):
            target[i] = 0
        self._sizes[at] = max(size, _PADDED)
        self._waiting += 1

    def _swap_last(self):
        last = (self._first + self._waiting - 1) % len(self._frames)
        before = (last - 1) % len(self._frames)
        for ring in (self._frames, self._sizes):
            ring[last], ring[before] = ring[before], ring[last]

    def link(self):
        self._check_open()
        return self._running and self._cable.plugged

    def promiscuous(self, on):
        self._check_open()
        self._promiscuous = bool(on)

    def multicast(self, addr, on):
        self._check_open()
        if len(addr) != 6 or not addr[0] & 1:
            raise ValueError("multicast(addr, on): six bytes, the first one odd")
        addr = bytes(addr)
        if on and addr not in self._groups:
            self._groups.append(addr)
        elif not on and addr in self._groups:
            self._groups.remove(addr)

    def stats(self):
        """(rx frames, rx dropped, rx errors, tx frames, tx errors)."""
        return tuple(self._counts)


def _is(frame, addr):
    for i in range(6):  # noqa: SIM110 - a generator would allocate
        if frame[i] != addr[i]:
            return False
    return True
