"""What has become of the frames that a CAN controller was given to send."""

from micropython import const

_COUNT_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_HISTORY_MASK = const(0xFF)


class TxRecord:
    """Counts, by buffer of the controller, frames handed over and frames done.

    A buffer has one frame at a time, so the number of a frame says when it is done. hand() is for
    threads, with the kernel locked; finish() for the interrupt.
    """

    def __init__(self, buffers):
        self._handed = [0] * buffers
        self._done = [0] * buffers
        # Whether the latest frames were sent, the newest in bit 0.
        self._went = [0] * buffers

    def hand(self, buffer):
        """A frame is in that buffer."""
        self._handed[buffer] = self._handed[buffer] + 1 & _COUNT_MASK

    def latest(self, buffer):
        """The number of the frame that was handed over last."""
        return self._handed[buffer]

    def finish(self, buffer, sent):
        """The frame in that buffer was sent, or given up."""
        self._went[buffer] = (self._went[buffer] << 1 | sent) & _HISTORY_MASK
        self._done[buffer] = self._done[buffer] + 1 & _COUNT_MASK

    def waits(self, buffer, number):
        """Whether that frame is not done yet."""
        left = number - self._done[buffer] & _COUNT_MASK
        return 0 < left < _HALF

    def was_sent(self, buffer, number):
        """Whether that frame, which is done, was sent."""
        return bool(self._went[buffer] >> (self._done[buffer] - number & _COUNT_MASK) & 1)

    def give_up(self):
        """All that are not done never will be."""
        for buffer in range(len(self._done)):
            while self._done[buffer] != self._handed[buffer]:
                self.finish(buffer, 0)
